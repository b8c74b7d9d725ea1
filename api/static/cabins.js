// A card per cabin: its floor plan to scale, its phase, light, sign and people, in words too.

import { html, say, setClass, svg } from "./element.js";
import * as words from "./words.js";

const ROOM = { width: 3400, length: 6300 };
const STRIP = 900;

export class Cabins {
  constructor(host) {
    this.host = host;
    this.cards = new Map();
  }

  setShape(shape) {
    this.cards = new Map(shape.cabins.map((cabin) => [cabin.id, card(cabin)]));
    this.host.replaceChildren(...[...this.cards.values()].map((item) => item.node));
  }

  update(data) {
    for (const [id, item] of this.cards) {
      const view = data.cabins.get(id);
      if (view) refresh(item, view, data.devices.get(id), standing(data, view, item.cabin));
    }
  }
}

/** The car that stands in the cabin; the one it waits for is still elsewhere. */
function standing(data, view, cabin) {
  const vehicle = data.vehicles.get(view.vehicle ?? "");
  return vehicle?.position === `${cabin.id}-bay` ? vehicle : undefined;
}

function card(cabin) {
  const up = cabin.side === "left";
  const parts = {};
  const half = { x: ROOM.width / 2, y: ROOM.length / 2 };
  const door = (name, y) => (parts[name] = svg("rect", { class: "d-door", x: -1350, y: y - 110, width: 2700, height: 220 }));
  const outerY = up ? -half.y : half.y;
  parts.table = svg("g", {}, svg("circle", { class: "c-table", r: 1600 }), svg("path", { class: "c-mark", d: "M-160 -1560 H160 L0 -1240 Z" }));
  parts.car = svg("g", { class: "d-car" });
  parts.person = svg("g", { class: "c-person" }, svg("circle", { cx: -1370, cy: 600, r: 220 }), svg("path", { d: "M-1640 1330 Q-1640 880 -1370 880 Q-1100 880 -1100 1330 Z" }));
  const drawing = svg("svg", { viewBox: `${-half.x - 100} ${-half.y - STRIP} ${ROOM.width + 200} ${ROOM.length + 2 * STRIP}`, "aria-hidden": "true" },
    svg("rect", { class: up ? "c-street" : "c-machine", x: -half.x, y: -half.y - STRIP, width: ROOM.width, height: STRIP }),
    svg("rect", { class: up ? "c-machine" : "c-street", x: -half.x, y: half.y, width: ROOM.width, height: STRIP }),
    svg("rect", { class: "c-floor", x: -half.x, y: -half.y, width: ROOM.width, height: ROOM.length }),
    cabin.turntable ? parts.table : null, parts.car, parts.person, door("outer", outerY), door("inner", -outerY),
    svg("text", { class: "c-word", y: -half.y - 320, "font-size": 520 }, up ? "street" : "aisle"),
    svg("text", { class: "c-word", y: half.y + 680, "font-size": 520 }, up ? "aisle" : "street"));
  for (const name of ["phase", "light", "sign", "doors", "people", "reason"]) parts[name] = html("dd", { class: name });
  parts.lamp = html("i", { class: "lamp" });
  parts.lightWord = html("span");
  parts.light.append(parts.lamp, parts.lightWord);
  const row = (label, node) => [html("dt", {}, label), node];
  parts.reasonRow = row("Waits", parts.reason);
  const list = html("dl", {}, ...row("Phase", parts.phase), ...row("Light", parts.light), ...row("Sign", parts.sign), ...row("Doors", parts.doors), ...row("People", parts.people), ...parts.reasonRow);
  const node = html("article", { class: "cabin", "data-cabin": cabin.id }, drawing, html("div", {}, html("h3", {}, cabin.id), list));
  return { node, parts, cabin, up, base: null, heading: null, vehicle: null };
}

function refresh(item, view, device, vehicle) {
  const { parts } = item;
  for (const [part, state] of [["outer", view.outer_door], ["inner", view.inner_door]]) {
    for (const name of ["open", "moving", "unknown"]) setClass(parts[part], `is-${name}`, state === name);
  }
  if (parts.lamp.dataset.light !== view.light) parts.lamp.dataset.light = view.light;
  const users = [view.order, view.vehicle].filter(Boolean).join(", ");
  say(parts.phase, words.phase(view.phase) + (users ? ` (${users})` : ""));
  say(parts.lightWord, view.light);
  say(parts.sign, words.sign(view.sign) || "blank");
  say(parts.doors, `to the street ${view.outer_door}, to the machine ${view.inner_door}`);
  say(parts.people, people(view, device));
  for (const node of item.parts.reasonRow) node.hidden = !view.reason;
  if (view.reason) say(parts.reason, `${view.reason.text} ${view.reason.remedy}`);
  setClass(item.node, "has-reason", Boolean(view.reason));
  parts.person.toggleAttribute("hidden", !seesSomebody(device));
  turn(item, device?.values.angle_mdeg ?? 0, vehicle);
}

function seesSomebody(device) {
  const values = device?.values ?? {};
  return (values.curtain_count ?? 0) > 0 || values.scanner_clear === false;
}

function people(view, device) {
  const values = device?.values ?? {};
  if (view.proven_empty) return "proven empty";
  if (device?.quality !== "good" || values.curtain_ok === false || values.curtain_ok === null) return "cannot be told";
  if ((values.curtain_count ?? 0) > 0) return `${values.curtain_count} counted inside`;
  if (values.scanner_clear === false) return "scanner sees somebody";
  return "none seen, not proven empty";
}

/** The car keeps its heading while the table turns; the books change it when the turn has ended. */
function turn(item, angle, vehicle) {
  const { parts } = item;
  parts.table.setAttribute("transform", `rotate(${Math.round(angle / 100) / 10})`);
  const changed = (vehicle?.id ?? null) !== item.vehicle || (vehicle?.heading ?? null) !== item.heading;
  if (changed) {
    item.base = item.vehicle === null ? Math.round(angle / 180_000) * 180_000 : angle;
    item.vehicle = vehicle?.id ?? null;
    item.heading = vehicle?.heading ?? null;
    parts.car.replaceChildren(...(vehicle ? carFromAbove(vehicle) : []));
    setClass(parts.car, "has-order", Boolean(vehicle?.order));
  }
  if (!vehicle) return;
  const nose = vehicle.heading === "right" ? 180 : 0;
  parts.car.setAttribute("transform", `rotate(${nose + Math.round((angle - item.base) / 100) / 10})`);
}

function carFromAbove(vehicle) {
  const w = vehicle.width_mm * 0.92;
  const l = vehicle.length_mm;
  return [
    svg("path", { class: "body", d: `M${-w / 2} ${-l * 0.36} Q${-w / 2} ${-l / 2} ${-w * 0.22} ${-l / 2} H${w * 0.22} Q${w / 2} ${-l / 2} ${w / 2} ${-l * 0.36} V${l * 0.44} Q${w / 2} ${l / 2} ${w * 0.36} ${l / 2} H${-w * 0.36} Q${-w / 2} ${l / 2} ${-w / 2} ${l * 0.44} Z` }),
    svg("path", { class: "glass", d: `M${-w * 0.42} ${-l * 0.14} Q0 ${-l * 0.26} ${w * 0.42} ${-l * 0.14} L${w * 0.35} ${-l * 0.04} H${-w * 0.35} Z M${-w * 0.36} ${l * 0.26} H${w * 0.36} L${w * 0.4} ${l * 0.36} H${-w * 0.4} Z` }),
  ];
}
