// The words that people read for the codes that machines send. An unknown code is shown as it is, never hidden.

const PHASES = {
  free: "free", reserved: "reserved", turning: "turning the car",
  "turning-round": "turning the car for its way out",
  opening: "opening to the street", leaving: "driver leaves with the car", closing: "closing to the street",
  confirming: "confirm that nobody is inside", inviting: "driver drives in", positioning: "positioning the car",
  "stepping-out": "driver steps out", securing: "securing the cabin", checking: "checking that nobody is inside",
  ready: "ready for the machine", rejecting: "car does not fit, driver leaves",
};
const SIGNS = {
  BLANK: "", PLEASE_WAIT: "Please wait", DRIVE_IN: "Drive in", FORWARD: "Forward", BACK: "Back", STOP: "Stop",
  LEAVE_CAR: "Leave the car", CONFIRM_EMPTY: "Confirm that nobody is inside", DRIVE_OUT: "Drive out",
  DOES_NOT_FIT: "Does not fit", OUT_OF_SERVICE: "Out of service", STEP_OUT: "Step out",
};
const ORDERS = { retrieve: "Retrieve", store: "Take in", relocate: "Move" };
const STATES = {
  waiting: "waits", active: "under way", handover: "handover", withdrawing: "being withdrawn", done: "done",
  withdrawn: "withdrawn", failed: "failed",
};
const QUALITIES = { good: "current", stale: "old", bad: "bad", missing: "missing" };

const plain = (code) => String(code).replaceAll("_", " ").replaceAll("-", " ").toLowerCase();
const look = (table) => (code) => table[code] ?? plain(code);

export const phase = look(PHASES);
export const sign = look(SIGNS);
export const orderKind = look(ORDERS);
export const orderState = look(STATES);
export const quality = look(QUALITIES);
export { plain };

/** A length of time as people say it. */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function timeOfDay(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** Where a position is, in words: "level 3, column 2, left". */
export function whereabouts(position) {
  if (!position) return "not in the garage";
  switch (position.kind) {
    case "cabin": return `in ${position.owner}`;
    case "platform": case "deck": return `on ${position.owner}`;
    default: {
      const deep = position.depth > 1 ? `, row ${position.depth}` : "";
      return `level ${position.level}, column ${position.column}, ${position.side}${deep}`;
    }
  }
}
