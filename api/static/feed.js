// The page's copy of the garage, fed by the event stream, and the judgement whether it is still current.

const STREAM = "/api/v1/events?motion=true&recent=40";
const OLD_AFTER_MS = 2000;
const LOST_AFTER_MS = 3500;
const RETRY_MS = 1500;
const SECTIONS = ["garage", "devices", "links", "vehicles", "positions", "cabins", "orders", "interlocks", "alarms", "zones", "findings"];

/** Calls `onChange(sections)` after each frame, `onEvent(event)` for each event, `onGap(gap)`, `onPulse(pulse)`. */
export class Feed {
  constructor({ onChange, onEvent, onGap, onPulse }) {
    this.onChange = onChange;
    this.onEvent = onEvent;
    this.onGap = onGap;
    this.onPulse = onPulse;
    this.data = Object.fromEntries(SECTIONS.map((name) => [name, new Map()]));
    this.heardAt = null;
    this.dataAt = null;
    this.source = null;
    this.clock = 0;
  }

  /** The time by the controller's clock, in Unix ms; the page's own clock may be wrong. */
  now() {
    return Date.now() + this.clock;
  }

  open() {
    this.source?.close();
    const source = new EventSource(STREAM);
    this.source = source;
    source.addEventListener("motion", (message) => this.#takeFrame(JSON.parse(message.data)));
    source.addEventListener("pulse", (message) => this.#takePulse(JSON.parse(message.data)));
    source.addEventListener("gap", (message) => this.onGap(JSON.parse(message.data)));
    source.addEventListener("message", (message) => this.onEvent(JSON.parse(message.data)));
    source.addEventListener("error", () => {
      // A browser gives up for good after an answer that is no stream (the API is restarting, or full).
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.source === source && this.open(), RETRY_MS);
    });
  }

  /** How old the data is in ms (null: there is none), and what to say of it. */
  judge(now) {
    const age = this.dataAt === null ? null : now - this.dataAt;
    const silence = this.heardAt === null ? null : now - this.heardAt;
    if (silence === null || silence > LOST_AFTER_MS) return { age, verdict: this.heardAt === null ? "none" : "lost" };
    if (age === null || age > OLD_AFTER_MS) return { age, verdict: "old" };
    return { age, verdict: "current" };
  }

  get garage() {
    return this.data.garage.get("garage") ?? null;
  }

  #takeFrame(frame) {
    const now = performance.now();
    this.heardAt = now;
    this.dataAt = now;
    this.clock = frame.at_ms - Date.now();
    const changed = new Map();
    for (const name of SECTIONS) {
      const section = this.data[name];
      const given = frame[name] ?? {};
      const names = new Set(Object.keys(given));
      if (frame.full) for (const key of section.keys()) if (!names.has(key)) { section.delete(key); names.add(key); }
      for (const [key, value] of Object.entries(given)) {
        if (value === null) section.delete(key);
        else section.set(key, value);
      }
      if (names.size > 0 || frame.full) changed.set(name, names);
    }
    this.onChange(changed, frame);
  }

  #takePulse(pulse) {
    const now = performance.now();
    this.heardAt = now;
    if (pulse.age_ms !== null) this.dataAt = now - pulse.age_ms;
    this.onPulse(pulse);
  }
}
