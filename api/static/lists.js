// The lists beside the drawing: what needs a person, orders, devices, and what happened.

import { byId, html, keep, say, setClass } from "./element.js";
import * as words from "./words.js";

const ENDED = new Set(["done", "withdrawn", "failed"]);
const ENDED_SHOWN = 12;
const EVENTS_SHOWN = 60;

const card = () => html("li", { class: "card" });

// --- what needs a person --------------------------------------------------------------------------------------

/** Every coded reason that somebody must act on, each once. */
function attention(data) {
  const found = new Map();
  const add = (where, reason) => reason && !found.has(reason.code + reason.text) && found.set(reason.code + reason.text, { where, ...reason });
  for (const device of data.devices.values()) add(device.id, device.reason);
  for (const link of data.links.values()) if (link.state !== "up") add(link.id, link.reason);
  for (const cabin of data.cabins.values()) add(cabin.id, cabin.reason);
  for (const reason of data.garage.get("garage")?.reasons ?? []) add("garage", reason);
  return [...found.values()];
}

export function showAttention(data) {
  const items = attention(data);
  const list = byId("attention-list");
  setClass(list.closest(".panel"), "has-alarm", items.length > 0);
  say(byId("attention-count"), items.length > 0 ? String(items.length) : "");
  keep(list, items, (item) => item.code + item.text, card, (node, item) => {
    node.dataset.kind = "alarm";
    explain(node, item.where, item.code, item.text, item.remedy);
  });
  if (items.length === 0) list.append(html("li", { class: "empty" }, "Nothing needs a person now."));
  showInterlocks([...data.interlocks.values()]);
  showWaivers(data.garage.get("garage")?.waivers ?? []);
}

/** Sensors that this garage does not have, and who answers for them: shown for as long as they are waived. */
function showWaivers(waivers) {
  byId("waiver-box").hidden = waivers.length === 0;
  say(byId("waiver-count"), String(waivers.length));
  keep(byId("waiver-list"), waivers, (waiver) => waiver.sensor, card, (node, waiver) => {
    node.dataset.kind = waiver.expired ? "alarm" : "wait";
    const left = waiver.expired ? `expired on ${waiver.expires}` : `until ${waiver.expires}, ${waiver.days_left} days left`;
    explain(node, `Missing: ${waiver.sensor}`, waiver.hazards.join(" "), `Waived by ${waiver.person}, ${left}.`, waiver.reason);
  });
}

function showInterlocks(interlocks) {
  byId("interlock-box").hidden = interlocks.length === 0;
  say(byId("interlock-count"), String(interlocks.length));
  keep(byId("interlock-list"), interlocks, (item) => item.id, card, (node, item) => {
    node.dataset.kind = "wait";
    explain(node, item.title, `${item.hazard} ${item.id}`, item.cause, item.remedy, `Holds back: ${item.guards.join(", ")}.`);
  });
}

function explain(node, title, code, cause, remedy, more = "") {
  const text = [title, code, cause, remedy, more].join("\u0001");
  if (node.dataset.said === text) return;
  node.dataset.said = text;
  node.replaceChildren(
    html("div", { class: "head" }, html("strong", {}, title), html("span", { class: "tag push" }, code)),
    html("span", { class: "cause" }, cause), more ? html("span", { class: "cause" }, more) : "", html("span", { class: "remedy" }, remedy));
}

// --- orders -----------------------------------------------------------------------------------------------------

export function showOrders(data, now, onWithdraw) {
  const all = [...data.orders.values()].sort((a, b) => a.accepted_at - b.accepted_at);
  const open = all.filter((order) => !ENDED.has(order.state));
  const ended = all.filter((order) => ENDED.has(order.state)).sort((a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0));
  say(byId("orders-count"), open.length > 0 ? String(open.length) : "");
  const list = byId("orders-list");
  keep(list, open, (order) => order.id, () => orderCard(onWithdraw), (node, order) => updateOrder(node, order, now));
  if (open.length === 0) list.append(html("li", { class: "empty" }, "No open orders."));
  keep(byId("ended-list"), ended.slice(0, ENDED_SHOWN), (order) => order.id, card, (node, order) => {
    const outcome = order.outcome ? `: ${order.outcome.text} ${order.outcome.remedy}` : "";
    const when = order.ended_at ? ` at ${words.timeOfDay(order.ended_at)}` : "";
    say(node, `${order.id}: ${words.orderKind(order.kind)} ${order.vehicle}, ${words.orderState(order.state)}${when}${outcome}`);
  });
}

function orderCard(onWithdraw) {
  const part = (name, tag = "span") => html(tag, { class: name });
  const node = html("li", { class: "card" });
  const parts = { title: part("title", "strong"), state: part("state"), id: part("tag push"), bar: html("progress", { max: 1, "aria-label": "Progress" }), phase: part("cause"), waiting: part("waiting", "div"), withdraw: html("button", { type: "button", class: "small" }, "Withdraw") };
  parts.withdraw.addEventListener("click", () => onWithdraw(node.dataset.key));
  node.append(html("div", { class: "head" }, parts.title, parts.state, parts.id), parts.bar, parts.phase, parts.waiting, html("div", { class: "row" }, parts.withdraw));
  node.parts = parts;
  return node;
}

function updateOrder(node, order, now) {
  const { parts } = node;
  node.dataset.kind = order.waiting_for ? "wait" : "active";
  node.dataset.order = order.id;
  const to = order.cabin ?? order.target;
  say(parts.title, `${words.orderKind(order.kind)} ${order.vehicle}${to ? ` \u2192 ${to}` : ""}`);
  say(parts.state, words.orderState(order.state));
  say(parts.id, order.id);
  parts.bar.value = order.progress;
  const leg = order.legs > 1 && order.leg > 0 ? `leg ${Math.min(order.leg, order.legs)} of ${order.legs}` : "";
  const phase = order.state === "waiting" ? "" : words.phase(order.phase);
  const eta = order.eta_ms === null ? "time cannot be told yet" : order.eta_ms > now ? `about ${words.duration(order.eta_ms - now)} to go` : "later than expected";
  const between = order.eta_early_ms > now ? `between ${words.timeOfDay(order.eta_early_ms)} and ${words.timeOfDay(order.eta_late_ms)}` : order.eta_late_ms > now ? `by ${words.timeOfDay(order.eta_late_ms)}` : "";
  const promised = order.promised_ms ? `promised by ${words.timeOfDay(order.promised_ms)}` : "";
  say(parts.phase, [phase, leg, eta, between, promised].filter(Boolean).join(" \u00b7 "));
  parts.waiting.hidden = !order.waiting_for;
  if (order.waiting_for) explain(parts.waiting, "Waits", order.waiting_for.code, order.waiting_for.text, order.waiting_for.remedy);
  parts.withdraw.disabled = order.state === "withdrawing";
  parts.withdraw.setAttribute("aria-label", `Withdraw order ${order.id}, ${order.vehicle}`);
}

// --- devices ----------------------------------------------------------------------------------------------------

export function showDevices(data, onClear) {
  const rows = [...data.devices.values()];
  keep(byId("device-rows"), rows, (device) => device.id, (device) => deviceRow(device, onClear), (row, device) => updateDevice(row, device, data));
}

function deviceRow(device, onClear) {
  const cells = Object.fromEntries(["state", "command", "mode", "quality", "link", "act"].map((name) => [name, html("td")]));
  const clear = html("button", { type: "button", class: "small", "aria-label": `Clear ${device.id}` }, "Clear");
  clear.addEventListener("click", () => onClear(device.id));
  cells.act.append(clear);
  const row = html("tr", { "data-device-row": device.id }, html("th", { scope: "row" }, device.id), ...Object.values(cells));
  Object.assign(row, { cells_: cells, clear });
  return row;
}

function updateDevice(row, device, data) {
  const { cells_: cells, clear } = row;
  const fault = device.fault && !["NONE", "none", ""].includes(device.fault) ? ` \u2013 ${words.plain(device.fault)}` : "";
  say(cells.state, words.plain(device.state) + fault);
  setClass(cells.state, "is-bad", device.state === "ABORTED" || device.health === "FAILURE");
  setClass(cells.state, "is-warn", device.state === "STOPPED");
  const idle = ["NONE", "none", ""].includes(device.command);
  say(cells.command, idle ? "\u2013" : words.plain(device.command));
  say(cells.mode, words.plain(device.mode));
  setClass(cells.mode, "is-warn", device.mode.toLowerCase() !== "automatic");
  say(cells.quality, words.quality(device.quality));
  setClass(cells.quality, "is-bad", device.quality !== "good");
  const link = data.links.get(device.link);
  say(cells.link, link ? `${link.protocol}, ${link.state}` : device.link);
  setClass(cells.link, "is-bad", link !== undefined && link.state !== "up");
  clear.hidden = !["STOPPED", "ABORTED"].includes(device.state);
}

// --- what happened ------------------------------------------------------------------------------------------------

export function showEvent(event) {
  const list = byId("event-list");
  if (list.firstElementChild?.classList.contains("quiet")) list.replaceChildren();
  const facts = Object.entries(event.data).filter(([, value]) => value !== null && value !== "");
  const said = facts.map(([name, value]) => `${words.plain(name)} ${value}`).join(", ");
  list.prepend(html("li", { "data-seq": event.seq }, html("time", {}, words.timeOfDay(event.at_ms)), html("strong", {}, words.plain(event.kind)), said ? ` ${said}` : ""));
  while (list.children.length > EVENTS_SHOWN) list.lastElementChild.remove();
}

export function showGap(gap) {
  const list = byId("event-list");
  list.prepend(html("li", { class: "gap" }, `Events ${gap.from} to ${gap.to} are no longer kept.`));
}
