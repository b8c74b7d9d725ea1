// The drawing of the garage: built once from its shape, kept in step with the data, animated between samples.

import { html, say, setClass, svg } from "./element.js";
import { cabinFigure, carFigure, liftFigure, shuttleFigure } from "./figures.js";
import { Motion } from "./motion.js";
import { Plan } from "./plan.js";
import { phase, plain, sign, whereabouts } from "./words.js";

const NAME_PIXELS_MIN = 5.6;
const WIDE = 0.9;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  constructor(host, onChoose) {
    this.host = host;
    this.onChoose = onChoose;
    this.motion = new Motion(() => this.#pose());
    this.cars = new Map();
    this.chosen = null;
    this.data = null;
    new ResizeObserver(() => this.#fitNames()).observe(host);
  }

  /** True for a garage that is wider than high and needs the page's whole width. */
  get isWide() {
    return this.plan.width / this.plan.height > WIDE;
  }

  setShape(shape) {
    const plan = new Plan(shape);
    Object.assign(this, { shape, plan });
    this.cars.clear();
    this.transfers = new Map(shape.shuttles.map((shuttle) => [shuttle.id, { peak: 0, back: false }]));
    this.layers = Object.fromEntries(["ground", "places", "lifts", "shuttles", "cars"].map((n) => [n, svg("g", { class: `d-${n}` })]));
    this.places = new Map();
    this.cabins = new Map();
    this.movers = new Map();
    this.#drawGround();
    this.#drawPlaces();
    this.#drawMovers();
    const name = `${shape.name}: ${shape.levels.length} levels, ${this.shape.positions.filter((p) => p.kind === "place").length} places`;
    this.svg = svg("svg", { viewBox: `0 0 ${plan.width} ${plan.height}`, role: "group", "aria-label": name }, pattern(), ...Object.values(this.layers));
    this.svg.addEventListener("keydown", (event) => this.#onKey(event));
    this.host.replaceChildren(this.svg);
    setClass(this.host, "is-wide", this.isWide);
    this.#fitNames();
  }

  /** Take over what changed: a map from section to the names in it. */
  update(changed, data) {
    if (!this.shape) return;
    this.data = data;
    for (const id of changed.get("positions") ?? []) this.#updatePlace(id);
    for (const id of changed.get("vehicles") ?? []) this.#updateCar(id);
    for (const id of changed.get("devices") ?? []) this.#updateDevice(id);
    for (const id of changed.get("cabins") ?? []) this.#updateCabin(id);
    if (changed.has("vehicles") || changed.has("positions")) this.#keepOneInTabOrder();
    this.motion.wake();
  }

  choose(id) {
    this.chosen = id;
    for (const [name, car] of this.cars) setClass(car, "is-chosen", name === id);
  }

  // --- built once -------------------------------------------------------------------------------------------

  #drawGround() {
    const { plan, shape } = this;
    const ground = this.layers.ground;
    const right = plan.width - 500;
    for (const level of plan.levels) {
      const low = level.height === Math.min(...shape.levels.map((item) => item.height_mm));
      ground.append(svg("rect", { class: `d-band${low ? " d-band-ground" : ""}`, x: 200, y: level.top, width: right - 200, height: level.bottom - level.top, rx: 150 }));
      for (const lane of level.lanes) {
        if (lane.side === null) ground.append(svg("rect", { class: "d-aisle", x: plan.left - 100, y: lane.top, width: right - plan.left - 100, height: lane.height }));
        ground.append(laneLabel(lane, plan));
        if (lane.street) ground.append(text("d-text", plan.left - 220, lane.side === "left" ? lane.top - 400 : lane.floor + 860, 380, "street", "end"));
      }
      const middle = (level.top + level.bottom) / 2;
      ground.append(text("d-text-strong", 420, middle + 120, 1050, String(level.number)));
      ground.append(text("d-text", 420, middle + 700, 420, `${(level.height / 1000).toFixed(1)} m`));
    }
    for (const [number, x] of plan.columnX) ground.append(text("d-text", x, 830, 480, String(number), "middle"));
    ground.append(text("d-text", 420, 830, 480, "level"));
    this.#drawShafts();
    const y = plan.height - 620;
    ground.append(svg("path", { class: "d-shaft-line", d: `M${plan.left} ${y - 150} V${y} H${plan.left + 5000} V${y - 150}`, fill: "none" }));
    ground.append(text("d-text", plan.left + 5200, y + 60, 480, "5 m"));
  }

  #drawShafts() {
    const { plan } = this;
    for (const lift of this.shape.lifts) {
      const x = plan.columnX.get(lift.column);
      const served = plan.levels.filter((level) => lift.levels.includes(level.number));
      const lanes = served.map((level) => level.lanes.find((lane) => lane.side === lift.side && lane.depth === 1)).filter(Boolean);
      if (lanes.length === 0) continue;
      const [top, bottom] = [lanes[0].top, lanes[lanes.length - 1].floor];
      const half = plan.pitch / 2;
      for (const lane of lanes) this.layers.ground.append(svg("rect", { class: "d-shaft", x: x - half, y: lane.top, width: plan.pitch, height: lane.height }));
      this.layers.ground.append(svg("path", { class: "d-shaft-line", d: `M${x - half} ${top} V${bottom} M${x + half} ${top} V${bottom}` }));
    }
  }

  #drawPlaces() {
    for (const position of this.shape.positions) {
      const cell = this.plan.cell(position);
      if (!cell || cell.floor === null) continue;
      const kind = position.kind === "cabin" ? " is-cabin" : position.kind === "buffer" ? " is-buffer" : "";
      const node = svg("rect", { class: `d-place${kind}`, x: cell.x - cell.width / 2, y: cell.floor - cell.height, width: cell.width, height: cell.height, rx: 60, "data-position": position.id }, svg("title", {}, position.id));
      this.places.set(position.id, node);
      this.layers.places.append(node);
      if (position.kind === "cabin") this.#drawCabin(position, cell);
    }
  }

  #drawCabin(position, cell) {
    const cabin = this.shape.cabins.find((item) => item.id === position.owner);
    if (!cabin) return;
    const parts = cabinFigure(cabin, cell, position.side === "left");
    parts.name.append(parts.phase);
    this.cabins.set(cabin.id, parts);
    this.layers.places.append(svg("g", { transform: `translate(${cell.x} ${cell.floor})` }, parts.outer, parts.inner, parts.light, parts.name));
  }

  #drawMovers() {
    const lanes = this.plan.levels.flatMap((level) => level.lanes);
    const aisle = Math.min(...lanes.filter((lane) => lane.side === null).map((lane) => lane.height));
    for (const lift of this.shape.lifts) {
      const room = lift.side === null ? aisle : Math.min(...lanes.filter((lane) => lane.side === lift.side).map((lane) => lane.height));
      const node = svg("g", { class: "d-mover is-lift", "data-device": lift.id }, svg("title", {}, lift.id), ...liftFigure(lift, this.plan, room - 60));
      this.movers.set(lift.id, { node, lift });
      this.layers.lifts.append(node);
    }
    for (const shuttle of this.shape.shuttles) {
      const { forks, nodes, frame } = shuttleFigure(shuttle, this.plan, aisle - 60);
      const node = svg("g", { class: "d-mover is-shuttle", "data-device": shuttle.id }, svg("title", {}, shuttle.id), forks.left, forks.right, frame, ...nodes);
      this.movers.set(shuttle.id, { node, shuttle, forks });
      this.layers.shuttles.append(node);
    }
  }

  // --- kept in step -------------------------------------------------------------------------------------------

  #updatePlace(id) {
    const node = this.places.get(id);
    const view = this.data.positions.get(id);
    if (!node) return;
    setClass(node, "is-claimed", Boolean(view?.claimed_by));
    setClass(node, "is-reserved", Boolean(view?.reserved_for && !view.vehicle));
    const position = this.plan.positions.get(id);
    const holds = view?.vehicle ?? (view?.reserved_for ? `reserved for ${view.reserved_for}` : "free");
    say(node.firstElementChild, `${id} (${whereabouts(position)}): ${holds}`);
  }

  #updateCar(id) {
    const vehicle = this.data.vehicles.get(id);
    let car = this.cars.get(id);
    if (!vehicle || vehicle.position === null) {
      car?.remove();
      this.cars.delete(id);
      return;
    }
    const looks = [vehicle.heading, vehicle.width_mm, vehicle.height_mm].join();
    if (!car) {
      car = svg("g", { class: "d-car", role: "button", tabindex: "-1", "data-vehicle": id });
      car.addEventListener("click", () => this.onChoose(id));
      this.cars.set(id, car);
      this.layers.cars.append(car);
    }
    if (car.dataset.looks !== looks) {
      car.dataset.looks = looks;
      car.replaceChildren(svg("title", {}), ...carFigure(vehicle).filter(Boolean));
    }
    setClass(car, "has-order", Boolean(vehicle.order));
    setClass(car, "is-barred", Boolean(vehicle.reason) && !vehicle.order);
    setClass(car, "is-chosen", id === this.chosen);
    const where = whereabouts(this.plan.positions.get(vehicle.position));
    const label = `${id}, ${vehicle.model}, ${where}${vehicle.order ? `, order ${vehicle.order}` : ""}${vehicle.reason ? `, ${vehicle.reason.text}` : ""}`;
    say(car.firstElementChild, label);
    if (car.getAttribute("aria-label") !== label) car.setAttribute("aria-label", label);
  }

  #updateDevice(id) {
    const device = this.data.devices.get(id);
    const mover = this.movers.get(id);
    if (!device || !mover) return;
    const tags = mover.lift ? ["position_mm"] : ["position", "forks_left_mm", "forks_right_mm"];
    for (const tag of tags) this.motion.set(`${id}.${tag}`, device.values[tag]);
    setClass(mover.node, "is-moving", device.values.standstill === false);
    setClass(mover.node, "is-fault", device.state === "ABORTED" || device.health === "FAILURE");
    setClass(mover.node, "is-unsure", device.quality !== "good" || device.values[tags[0]] === null);
  }

  #updateCabin(id) {
    const parts = this.cabins.get(id);
    const view = this.data.cabins.get(id);
    if (!parts || !view) return;
    for (const [part, state] of [["outer", view.outer_door], ["inner", view.inner_door]]) {
      for (const name of ["open", "moving", "unknown"]) setClass(parts[part], `is-${name}`, state === name);
    }
    setClass(parts.light, "is-green", view.light === "green");
    setClass(parts.light, "is-red", view.light === "red");
    say(parts.phase, plain(view.phase));
    const bay = this.places.get(`${id}-bay`)?.firstElementChild;
    if (bay) say(bay, `${id}: ${phase(view.phase)}, light ${view.light}, sign ${sign(view.sign) || "blank"}`);
  }

  // --- each frame ---------------------------------------------------------------------------------------------

  #pose() {
    if (!this.data) return;
    const poses = new Map();
    for (const [id, mover] of this.movers) if (mover.lift) poses.set(id, this.#poseLift(id, mover));
    for (const [id, mover] of this.movers) if (mover.shuttle) poses.set(id, this.#poseShuttle(id, mover, poses));
    const carried = this.#carried(poses);
    for (const [id, car] of this.cars) {
      const at = this.#poseCar(this.data.vehicles.get(id), carried.get(id), poses);
      setClass(car, "is-nowhere", at === null);
      if (at) move(car, at.x, at.y);
    }
  }

  #poseLift(id, { node, lift }) {
    const height = this.motion.at(`${id}.position_mm`);
    const pose = { x: this.plan.columnX.get(lift.column), y: this.plan.liftFloor(lift, height ?? 0) };
    move(node, pose.x, pose.y);
    return pose;
  }

  #poseShuttle(id, { node, shuttle, forks }, poses) {
    const device = this.data.devices.get(id);
    const at = this.motion.at(`${id}.position`);
    let level = shuttle.level;
    let y = level === null ? null : this.plan.floor(level, null);
    if (shuttle.lift !== null) {
      const station = this.data.devices.get(shuttle.lift)?.values.station;
      const docked = device?.values.docked !== false;
      level = this.plan.byLevel.has(station) ? station : this.#nearestLevel(shuttle.lift);
      y = docked ? poses.get(shuttle.lift).y : this.plan.floor(level, null);
    }
    const x = at === null ? this.plan.columnX.get(shuttle.columns[0]) : this.plan.x(at);
    const pose = { x, y, level, reach: 0, side: null, stroke: shuttle.stroke_mm };
    for (const side of ["left", "right"]) {
      const extension = this.motion.at(`${id}.forks_${side}_mm`) ?? 0;
      const reach = extension > 15 ? this.plan.forkReach(shuttle, level, side, extension) : 0;
      forks[side].setAttribute("y", Math.min(-this.plan.deck * 0.6, reach - this.plan.deck * 0.6));
      forks[side].setAttribute("height", Math.abs(reach));
      if (reach !== 0) Object.assign(pose, { reach, side, extension });
    }
    move(node, x, y);
    return pose;
  }

  #nearestLevel(lift) {
    const height = this.motion.at(`${lift}.position_mm`) ?? 0;
    const near = [...this.shape.levels].sort((a, b) => Math.abs(a.height_mm - height) - Math.abs(b.height_mm - height));
    return near[0].number;
  }

  /**
   * Cars on forks. The books move a car when its transfer is proven at both ends; until then the drawing shows it
   * where the forks hold it: from the turn of a pick to its end, and until the turn of a place.
   */
  #carried(poses) {
    const carried = new Map();
    for (const shuttle of this.shape.shuttles) {
      const pose = poses.get(shuttle.id);
      const device = this.data.devices.get(shuttle.id);
      const command = (device?.command ?? "").toLowerCase();
      const transfer = this.transfers.get(shuttle.id);
      if (pose.side === null) Object.assign(transfer, { peak: 0, back: false });
      else {
        transfer.peak = Math.max(transfer.peak, pose.extension);
        transfer.back = transfer.peak > shuttle.stroke_mm * 0.9 && pose.extension < transfer.peak - 40;
      }
      const onDeck = this.data.positions.get(`${shuttle.id}-deck`)?.vehicle;
      const target = pose.side === null ? null : this.#target(shuttle, pose);
      if (onDeck) {
        const setDown = command.includes("place") && transfer.back && target;
        carried.set(onDeck, setDown ? { cell: this.plan.cell(target) } : pose);
      } else if (target && command.includes("pick") && transfer.back) {
        const vehicle = this.data.positions.get(target.id)?.vehicle;
        if (vehicle) carried.set(vehicle, pose);
      }
    }
    return carried;
  }

  #target(shuttle, pose) {
    const station = this.data.devices.get(shuttle.id)?.values.station;
    const depth = this.transfers.get(shuttle.id).peak > shuttle.stroke_mm * 1.5 ? 2 : 1;
    return this.shape.positions.find((p) => p.level === pose.level && p.column === station && p.side === pose.side && p.depth === depth) ?? null;
  }

  #poseCar(vehicle, held, poses) {
    if (!vehicle) return null;
    if (held?.cell) return { x: held.cell.x, y: held.cell.floor };
    if (held) {
      const part = held.extension ? Math.min(1, held.extension / held.stroke) : 0;
      return { x: held.x, y: held.y + held.reach - this.plan.deck * (1 - part) };
    }
    const position = this.plan.positions.get(vehicle.position);
    if (!position) return null;
    const cell = this.plan.cell(position);
    if (cell) return { x: cell.x, y: cell.floor };
    return poses.get(position.owner) ?? null;
  }

  // --- keyboard and size ----------------------------------------------------------------------------------------

  /** The drawing is one stop for the Tab key; the arrow keys go from car to car. */
  #keepOneInTabOrder() {
    const cars = [...this.cars.values()];
    if (!cars.some((car) => car.getAttribute("tabindex") === "0")) cars[0]?.setAttribute("tabindex", "0");
  }

  #onKey(event) {
    const car = event.target.closest?.(".d-car");
    if (!car) return;
    if (event.key === "Enter" || event.key === " ") this.onChoose(car.dataset.vehicle);
    else if (STEPS[event.key]) this.#neighbour(car, STEPS[event.key])?.focus();
    else return;
    event.preventDefault();
  }

  #neighbour(from, [dx, dy]) {
    const here = from.getBoundingClientRect();
    let best = null;
    for (const car of this.cars.values()) {
      if (car === from) continue;
      const there = car.getBoundingClientRect();
      const along = (there.x - here.x) * dx + (there.y - here.y) * dy;
      const across = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
      const cost = along + across * 3;
      if (along > 4 && (best === null || cost < best.cost)) best = { car, cost };
    }
    if (best === null) return null;
    from.setAttribute("tabindex", "-1");
    best.car.setAttribute("tabindex", "0");
    return best.car;
  }

  #fitNames() {
    if (!this.svg) return;
    const pixels = (this.svg.getBoundingClientRect().width / this.plan.width) * 400;
    const height = (this.svg.getBoundingClientRect().height / this.plan.height) * 400;
    this.host.dataset.names = Math.min(pixels, height) < NAME_PIXELS_MIN ? "hide" : "show";
  }
}

function move(node, x, y) {
  const value = `translate(${Math.round(x)} ${Math.round(y)})`;
  if (node.getAttribute("transform") !== value) node.setAttribute("transform", value);
}

function text(name, x, y, size, words, anchor = "start") {
  return svg("text", { class: name, x, y, "font-size": size, "text-anchor": anchor }, words);
}

function laneLabel(lane, plan) {
  const words = lane.side === null ? "aisle" : lane.depth > 1 ? `${lane.side} ${lane.depth}` : lane.side;
  return text("d-text", plan.left - 220, lane.floor - lane.height / 2 + 130, 380, words, "end");
}

function pattern() {
  const line = svg("rect", { width: 160, height: 320, fill: "#a3abb0" });
  return svg("defs", {}, svg("pattern", { id: "barred", width: 320, height: 320, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { width: 320, height: 320, fill: "#e1e4e6" }), line));
}

export function emptyDrawing(words) {
  return html("p", { class: "empty" }, words);
}
