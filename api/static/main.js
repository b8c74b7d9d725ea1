// The page: puts the feed, the drawing, the lists and the commands together.

import { showAlarms } from "./alarms.js";
import { Cabins } from "./cabins.js";
import { answerAlarm, answerFinding, clearDevice, wireCommands, withdraw } from "./commands.js";
import { Drawing, emptyDrawing } from "./drawing.js";
import { byId, html, keep, say, setClass } from "./element.js";
import { Feed } from "./feed.js";
import { showFindings } from "./findings.js";
import { showAttention, showDevices, showEvent, showGap, showOrders } from "./lists.js";
import * as words from "./words.js";
import { showZones } from "./zones.js";

const JUDGE_MS = 250;
const COUNTDOWN_MS = 1000;
const LAYOUT_RETRY_MS = 2000;

const drawing = new Drawing(byId("drawing"), choose);
const cabins = new Cabins(byId("cabin-list"));
const feed = new Feed({ onChange: changed, onEvent: showEvent, onGap: showGap, onPulse: showCycle });
let shape = null;
let shapeEpoch = null;
let loading = false;
let pending = null;

// --- the garage's shape ------------------------------------------------------------------------------------------

async function loadShape(epoch) {
  if (loading) return;
  loading = true;
  try {
    const response = await fetch("/api/v1/layout", { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error((await response.json()).detail);
    takeShape(await response.json(), epoch);
  } catch (error) {
    if (!shape) byId("drawing").replaceChildren(emptyDrawing(`The garage's shape is not known yet: ${error.message}`));
    setTimeout(() => loadShape(epoch), LAYOUT_RETRY_MS);
  } finally {
    loading = false;
  }
}

function takeShape(given, epoch) {
  shape = given;
  shapeEpoch = epoch;
  document.title = shape.name;
  say(byId("garage-name"), shape.name);
  say(byId("foot-software"), `Software ${shape.software}, configuration ${shape.config_hash.slice(0, 12)}`);
  drawing.setShape(shape);
  setClass(document.querySelector(".stage"), "is-tall", !drawing.isWide);
  cabins.setShape(shape);
  for (const select of [byId("cabin"), byId("store-cabin")]) {
    select.replaceChildren(html("option", { value: "" }, "any that suits"), ...shape.cabins.map((cabin) => html("option", { value: cabin.id }, cabin.id)));
  }
  say(byId("drawing-note"), "Each level is unfolded: left row, aisle, right row, all to one scale. Car names: click, or Tab and the arrow keys.");
  const all = new Map(Object.entries(feed.data).map(([name, section]) => [name, new Set(section.keys())]));
  show(all);
}

// --- the data ------------------------------------------------------------------------------------------------------

function changed(sections) {
  const epoch = feed.garage?.epoch ?? null;
  if (!shape || epoch !== shapeEpoch) loadShape(epoch);
  drawing.update(sections, feed.data);
  // Lists need no more than one update per picture of the screen.
  pending = merge(pending, sections);
  if (document.hidden) flush();
  else requestAnimationFrame(flush);
}

function merge(into, sections) {
  if (!into) return new Map([...sections].map(([name, names]) => [name, new Set(names)]));
  for (const [name, names] of sections) into.set(name, new Set([...(into.get(name) ?? []), ...names]));
  return into;
}

function flush() {
  const sections = pending;
  pending = null;
  if (sections) showLists(sections);
}

function show(sections) {
  drawing.update(sections, feed.data);
  showLists(sections);
}

function showLists(sections) {
  const has = (...names) => names.some((name) => sections.has(name));
  if (has("garage")) showMode();
  if (has("garage", "alarms")) showAlarms(feed.data, answerAlarm);
  if (has("garage", "devices", "links", "cabins", "interlocks")) showAttention(feed.data);
  if (has("zones")) showZones(feed.data);
  if (has("findings")) showFindings(feed.data, answerFinding);
  if (has("orders")) showAllOrders();
  if (has("devices", "links")) showDevices(feed.data, clearDevice);
  if (has("cabins", "devices", "vehicles")) cabins.update(feed.data);
  if (has("vehicles")) showVehicles();
}

function showAllOrders() {
  showOrders(feed.data, feed.now(), (id) => feed.data.orders.has(id) && withdraw(feed.data.orders.get(id)));
}

function showMode() {
  const garage = feed.garage;
  if (!garage) return;
  byId("mode").dataset.mode = garage.mode;
  const held = garage.mode === "automatic" && !garage.ready ? ", not ready" : "";
  say(byId("mode-text"), garage.mode + held);
  judge();
}

function showVehicles() {
  const vehicles = [...feed.data.vehicles.values()];
  const stored = vehicles.filter((vehicle) => vehicle.position !== null);
  keep(byId("vehicle-list"), stored, (vehicle) => vehicle.id, (vehicle) => html("option", { value: vehicle.id }), (node, vehicle) => say(node, vehicle.model));
  const places = shape?.positions.filter((position) => position.kind === "place").length;
  if (places) say(byId("occupancy"), `${stored.length} cars, ${places} places`);
  showChosen();
}

function showCycle(pulse) {
  const cycle = pulse.cycle;
  if (cycle) say(byId("foot-cycle"), `Cycle ${cycle.period_ms} ms, late p99 ${(cycle.late_p99_us / 1000).toFixed(1)} ms, overruns ${cycle.overruns}`);
}

// --- the chosen car ------------------------------------------------------------------------------------------------

function choose(id) {
  byId("vehicle").value = id;
  showChosen();
}

function showChosen() {
  const name = byId("vehicle").value.trim();
  const vehicle = feed.data.vehicles.get(name);
  drawing.choose(vehicle ? name : null);
  const facts = byId("vehicle-facts");
  if (!name) return say(facts, "Nothing chosen.");
  if (!vehicle) return say(facts, `There is no car ${name} in the books.`);
  const position = shape?.positions.find((item) => item.id === vehicle.position);
  const size = `${(vehicle.length_mm / 1000).toFixed(2)} \u00d7 ${(vehicle.width_mm / 1000).toFixed(2)} \u00d7 ${(vehicle.height_mm / 1000).toFixed(2)} m, ${vehicle.weight_kg} kg${vehicle.electric ? ", electric" : ""}`;
  const trouble = vehicle.order ? `Has order ${vehicle.order}.` : vehicle.reason ? `${vehicle.reason.text} ${vehicle.reason.remedy}` : "Can be had now.";
  return say(facts, `${vehicle.model}, ${words.whereabouts(position)}\n${size}\n${trouble}`);
}

// --- is the data current? --------------------------------------------------------------------------------------------

const SIGNS = {
  lost: ["CONNECTION LOST", (age) => `This page hears nothing from the controller. What it shows is ${age} old. Do not act on it; go and look.`],
  old: ["DATA IS OLD", (age) => `The control process is silent. What this page shows is ${age} old. Do not act on it; go and look.`],
};

function judge() {
  const { age, verdict } = feed.judge(performance.now());
  const sign = SIGNS[verdict];
  const board = byId("old-data");
  if (sign) {
    const words_ = age === null ? "of unknown age" : words.duration(age);
    say(byId("old-data-title"), sign[0]);
    say(byId("old-data-text"), sign[1](words_).replace("is of unknown age old", "is not known"));
  }
  board.hidden = !sign;
  setClass(document.body, "is-old", Boolean(sign));
  const live = verdict === "current" ? "yes" : "no";
  if (byId("age").dataset.live !== live) byId("age").dataset.live = live;
  say(byId("age"), age === null ? "no data" : verdict === "current" ? "live" : `${words.duration(age)} old`);
  const current = verdict === "current";
  byId("start").disabled = !current || feed.garage?.mode === "automatic";
  for (const id of ["retrieve", "relocate", "store"]) setBlocked(byId(id), !current);
}

/** Blocked because of old data, apart from being busy with a request. */
function setBlocked(button, blocked) {
  if (button.dataset.blocked === String(blocked)) return;
  button.dataset.blocked = String(blocked);
  button.disabled = blocked;
}

wireCommands({ vehicleOf: (name) => feed.data.vehicles.get(name), onVehicle: showChosen });
byId("drawing").replaceChildren(emptyDrawing("Waiting for the garage's data."));
setInterval(judge, JUDGE_MS);
setInterval(() => feed.judge(performance.now()).verdict === "current" && showAllOrders(), COUNTDOWN_MS);
feed.open();
