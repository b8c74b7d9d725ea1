// The safety zones: emergency stop, guards, what the drives may do, and who holds locks.

import { byId, html, keep } from "./element.js";

const STOPS = {
  released: "released", pressed: "PRESSED", unacknowledged: "released, not reset or not cleared yet",
  "not-connected": "NOT CONNECTED",
};

export function showZones(data) {
  keep(byId("zone-list"), [...data.zones.values()], (zone) => String(zone.id), () => html("li", { class: "card" }), update);
}

function update(node, zone) {
  const said = JSON.stringify(zone);
  if (node.dataset.said === said) return;
  node.dataset.said = said;
  const troubled = zone.emergency_stop !== "released" || zone.guards !== "closed" || zone.torque !== true;
  node.dataset.kind = troubled ? "alarm" : zone.locks.length > 0 || zone.isolator !== "clear" ? "wait" : "fine";
  const facts = [
    ["Emergency stop", STOPS[zone.emergency_stop] ?? zone.emergency_stop],
    ["Guards", zone.guards], ["Isolator", zone.isolator],
    ["Drives", `${word(zone.torque, "have torque", "have no torque")}, ${word(zone.speed_limited, "limited speed", "full speed")}`],
    ["Motion", zone.standing ? "everything stands" : "moves, or is not proven to stand"],
  ];
  node.replaceChildren(
    html("div", { class: "head" }, html("strong", {}, `Zone ${zone.id}`), html("span", { class: "quiet push" }, zone.devices.join(", "))),
    html("dl", { class: "zone-facts" }, ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])),
    ...zone.locks.map(lock));
}

/** A lock with its owner's name: there is no button, because only that person releases it. */
function lock(held) {
  return html("p", { class: "zone-lock" }, html("strong", {}, `Locked out by ${held.person}`), held.note ? `: ${held.note}` : "");
}

const word = (value, yes, no) => (value === null ? "unknown" : value ? yes : no);
