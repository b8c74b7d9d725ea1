// Where everything is in the drawing. Every length is mm; the drawing is to one scale in both directions.
//
// Each level is unfolded: its left row above, the aisle in the middle, its right row below, as if the garage were
// seen from the aisle to both sides. Along the aisle nothing is moved, so columns stand under each other.

const LANE_AIR = 260;
const DECK = 520;
const STREET = 1150;
const BAND_GAP = 420;
const LABELS = 2850;
const MARGIN = 700;
const HEAD = 1150;
const FOOT = 1500;

export class Plan {
  constructor(shape) {
    this.shape = shape;
    this.deck = DECK;
    const at = shape.columns.map((column) => column.at).sort((a, b) => a - b);
    const steps = at.slice(1).map((value, index) => value - at[index]).filter((step) => step > 0);
    const widest = Math.max(1500, ...shape.positions.map((position) => position.width_mm));
    // Round a ring "at" is an angle: the ring is unrolled so that neighbours just fit beside each other.
    const step = steps.length > 0 ? Math.min(...steps) : widest + 300;
    this.mmPerUnit = shape.ring ? (widest + 300) / step : 1;
    this.first = at[0] ?? 0;
    this.pitch = shape.ring ? widest + 300 : Math.max(step, widest);
    this.columnX = new Map(shape.columns.map((column) => [column.number, this.x(column.at)]));
    this.left = LABELS;
    this.width = LABELS + this.pitch + (at[at.length - 1] - this.first) * this.mmPerUnit + MARGIN;
    this.levels = this.#stack();
    this.byLevel = new Map(this.levels.map((level) => [level.number, level]));
    this.height = this.levels[this.levels.length - 1].bottom + FOOT;
    this.positions = new Map(shape.positions.map((position) => [position.id, position]));
  }

  /** Horizontal place of a shuttle's position along the aisle, or angle round the ring. */
  x(at) {
    return LABELS + this.pitch / 2 + (at - this.first) * this.mmPerUnit;
  }

  /** Floor of a lane of a level; `side` null is the aisle. */
  floor(level, side, depth = 1) {
    const lanes = this.byLevel.get(level)?.lanes ?? [];
    const lane = lanes.find((item) => item.side === side && item.depth === depth);
    return lane ? lane.floor : null;
  }

  /** Where a fixed position stands: middle, floor, width and height. Null for one that moves. */
  cell(position) {
    if (position.level === null || position.column === null) return null;
    const floor = this.floor(position.level, position.side, position.depth);
    return { x: this.columnX.get(position.column), floor, width: position.width_mm, height: position.height_mm };
  }

  /** Floor of a lift's platform at a height above the ground, between the lanes of the levels it passes. */
  liftFloor(lift, height) {
    const stops = this.levels
      .map((level) => ({ height: level.height, floor: this.floor(level.number, lift.side) ?? this.floor(level.number, null) }))
      .sort((a, b) => a.height - b.height);
    if (stops.length === 1) return stops[0].floor;
    let upper = stops.findIndex((stop) => stop.height >= height);
    if (upper === -1) upper = stops.length - 1;
    if (upper === 0) upper = 1;
    const [low, high] = [stops[upper - 1], stops[upper]];
    return low.floor + ((height - low.height) / (high.height - low.height)) * (high.floor - low.floor);
  }

  /** How far down the drawing forks reach that are out by `extension` mm (left is up); 0 when they are home. */
  forkReach(shuttle, level, side, extension) {
    const aisle = this.floor(level, null);
    const near = this.floor(level, side, 1) ?? aisle + (side === "left" ? -2400 : 2400);
    const far = this.floor(level, side, 2) ?? near + (near - aisle);
    const part = extension / shuttle.stroke_mm;
    return part <= 1 ? part * (near - aisle) : near - aisle + (part - 1) * (far - near);
  }

  #stack() {
    let y = HEAD;
    const levels = [];
    for (const level of [...this.shape.levels].sort((a, b) => b.height_mm - a.height_mm)) {
      const top = y;
      const lanes = [];
      for (const [side, depth] of [["left", 2], ["left", 1], [null, 1], ["right", 1], ["right", 2]]) {
        const height = this.#laneHeight(level, side, depth);
        if (height === 0) continue;
        const street = side !== null && depth === 1 && this.#hasCabin(level.number, side);
        if (street && side === "left") y += STREET;
        lanes.push({ side, depth, top: y, floor: y + height, height, street });
        y += height;
        if (street && side === "right") y += STREET;
      }
      levels.push({ number: level.number, height: level.height_mm, clear: level.clear_height_mm, top, bottom: y, lanes });
      y += BAND_GAP;
    }
    return levels;
  }

  #laneHeight(level, side, depth) {
    if (side === null) return level.clear_height_mm + LANE_AIR + DECK * 0.6;
    const here = this.shape.positions.filter((p) => p.level === level.number && p.side === side && p.depth === depth);
    const lifts = this.shape.lifts.some((lift) => lift.side === side && depth === 1 && lift.levels.includes(level.number));
    const heights = here.map((position) => position.height_mm);
    if (lifts) heights.push(level.clear_height_mm);
    return heights.length === 0 ? 0 : Math.max(...heights) + LANE_AIR;
  }

  #hasCabin(level, side) {
    return this.shape.cabins.some((cabin) => cabin.level === level && cabin.side === side);
  }
}
