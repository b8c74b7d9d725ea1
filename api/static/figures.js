// The shapes of single things, drawn around (0, 0) at the middle of their floor, in mm.

import { svg } from "./element.js";

const rect = (name, x, y, width, height, more = {}) => svg("rect", { class: name, x, y, width, height, ...more });

/** A car seen from its end; its nose points to the left row (up) or the right row (down). */
export function carFigure(vehicle) {
  const w = vehicle.width_mm;
  const h = vehicle.height_mm;
  const waist = -h * 0.6;
  const body = `M${-w / 2} ${-h * 0.14} V${waist + h * 0.06} Q${-w / 2} ${waist} ${-w * 0.44} ${waist}`
    + ` L${-w * 0.36} ${-h * 0.95} Q${-w * 0.34} ${-h} ${-w * 0.28} ${-h} H${w * 0.28} Q${w * 0.34} ${-h} ${w * 0.36} ${-h * 0.95}`
    + ` L${w * 0.44} ${waist} Q${w / 2} ${waist} ${w / 2} ${waist + h * 0.06} V${-h * 0.14} H${w * 0.44} V0 H${w * 0.28} V${-h * 0.14}`
    + ` H${-w * 0.28} V0 H${-w * 0.44} V${-h * 0.14} Z`;
  const glass = `M${-w * 0.37} ${waist - h * 0.03} L${-w * 0.3} ${-h * 0.93} H${w * 0.3} L${w * 0.37} ${waist - h * 0.03} Z`;
  const up = vehicle.heading === "left";
  const tip = up ? -h * 0.9 : waist - h * 0.06;
  const base = up ? waist - h * 0.06 : -h * 0.9;
  const size = Math.min(470, 2250 / (vehicle.id.length * 0.63));
  return [
    rect("ring", -w / 2 - 90, -h - 90, w + 180, h + 180, { rx: 120 }),
    svg("path", { class: "body", d: body }),
    svg("path", { class: "glass", d: glass }),
    vehicle.heading ? svg("path", { class: "nose", d: `M${-w * 0.1} ${base} H${w * 0.1} L0 ${tip} Z` }) : null,
    svg("text", { class: "name", x: 0, y: -h * 0.27, "font-size": size }, vehicle.id),
  ];
}

/** A shuttle: deck, frame of the car's room above it, forks to both sides (their length is set as it changes). */
export function shuttleFigure(shuttle, plan, room) {
  const w = Math.min(plan.pitch, 2600) - 60;
  return {
    forks: { left: rect("fork", -w * 0.28, 0, w * 0.56, 0), right: rect("fork", -w * 0.28, 0, w * 0.56, 0) },
    nodes: [
      rect("deck", -w / 2, -plan.deck, w, plan.deck, { rx: 80 }),
      svg("text", { class: "name", x: 0, y: -plan.deck * 0.27, "font-size": 390 }, shuttle.id),
      svg("text", { class: "doubt", x: 0, y: -room * 0.45, "font-size": 1100 }, "?"),
    ],
    frame: rect("frame", -w / 2, -room, w, room, { rx: 80 }),
  };
}

/** A lift: platform with its name below the car, posts and a head beam. */
export function liftFigure(lift, plan, room) {
  const w = plan.pitch - 40;
  return [
    rect("frame", -w / 2, -room, w, room),
    rect("deck", -w / 2, -30, w, 400),
    svg("text", { class: "name", x: 0, y: 280, "font-size": 360 }, lift.id),
    svg("text", { class: "doubt", x: 0, y: -room * 0.45, "font-size": 1100 }, "?"),
  ];
}

/** A cabin's doors and light around its cell; `up` when the street is above it. */
export function cabinFigure(cabin, cell, up) {
  const w = cell.width;
  const street = up ? -cell.height - 240 : 60;
  const machine = up ? 20 : -cell.height - 200;
  const side = up ? -cell.height - 560 : 700;
  return {
    outer: rect("d-door", -w / 2, street, w, 180),
    inner: rect("d-door", -w / 2, machine, w, 180),
    light: svg("circle", { class: "d-light", cx: -w / 2 + 230, cy: side, r: 210 }),
    name: svg("text", { class: "d-text-strong", x: -w / 2 + 560, y: side + 160, "font-size": 480 }, svg("tspan", {}, cabin.id)),
    phase: svg("tspan", { class: "d-phase", dx: 200 }),
  };
}
