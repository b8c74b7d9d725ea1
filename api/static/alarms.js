// The alarms: what asks for a person first, what came first among what belongs together, and the button to answer.

import { byId, html, keep, say, setClass } from "./element.js";
import * as words from "./words.js";

const ORDER = { high: 0, medium: 1, low: 2 };
const STANDINGS = {
  unacknowledged: "not acknowledged", acknowledged: "acknowledged", returned: "gone, not acknowledged",
  "latched-unacknowledged": "gone, not acknowledged, to be confirmed", latched: "gone, to be confirmed", normal: "not active",
};

/** Unacknowledged before acknowledged, by priority, then by onset; what follows from a first one stands under it. */
function sorted(alarms) {
  const key = (alarm) => [alarm.acknowledged ? 1 : 0, ORDER[alarm.priority] ?? 3, alarm.onset_at, alarm.under ? 1 : 0, alarm.id];
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    const at = x.findIndex((part, index) => part !== y[index]);
    return at < 0 ? 0 : x[at] < y[at] ? -1 : 1;
  };
  const shown = new Set(alarms.map((alarm) => alarm.id));
  const heads = alarms.filter((alarm) => !alarm.under || !shown.has(alarm.under)).sort(compare);
  return heads.flatMap((head) => [head, ...alarms.filter((alarm) => alarm.under === head.id).sort(compare)]);
}

/** `act(id, what, body)` asks the API. */
export function showAlarms(data, act) {
  const all = [...data.alarms.values()];
  const asking = sorted(all.filter((alarm) => alarm.annunciated));
  const aside = sorted(all.filter((alarm) => !alarm.annunciated));
  const open = asking.filter((alarm) => !alarm.acknowledged);
  const followed = new Set(all.map((alarm) => alarm.under));
  const update = (node, alarm) => updateCard(node, alarm, alarm.first_out && followed.has(alarm.id));
  const list = byId("alarm-list");
  byId("flood").hidden = !data.garage.get("garage")?.alarm_flood;
  setClass(list.closest(".panel"), "has-alarm", open.length > 0);
  say(byId("alarm-count"), open.length > 0 ? String(open.length) : "");
  keep(list, asking, (alarm) => alarm.id, () => alarmCard(act), update);
  if (asking.length === 0) list.append(html("li", { class: "empty" }, "No alarms."));
  byId("aside-box").hidden = aside.length === 0;
  say(byId("aside-count"), String(aside.length));
  keep(byId("aside-list"), aside, (alarm) => alarm.id, () => alarmCard(act), update);
}

function alarmCard(act) {
  const part = (name, tag = "span") => html(tag, { class: name });
  const node = html("li", { class: "card alarm" });
  const id = () => node.dataset.alarm;
  const parts = {
    title: part("title", "strong"), priority: part("priority"), id: part("tag push"), marks: part("marks"), cause: part("cause"),
    action: part("remedy"), acknowledge: html("button", { type: "button", class: "small" }, "Acknowledge"),
    confirm: html("button", { type: "button", class: "small" }, "Confirm"),
  };
  parts.acknowledge.addEventListener("click", () => act(id(), "acknowledge", { group: node.dataset.first === "yes" }));
  parts.confirm.addEventListener("click", () => act(id(), "confirm", {}));
  node.append(
    html("div", { class: "head" }, parts.priority, parts.title, parts.id), parts.marks, parts.cause, parts.action,
    html("div", { class: "row" }, parts.acknowledge, parts.confirm));
  node.parts = parts;
  return node;
}

function updateCard(node, alarm, isFirst) {
  const { parts } = node;
  node.dataset.alarm = alarm.id;
  node.dataset.priority = alarm.priority;
  node.dataset.first = isFirst ? "yes" : "no";
  setClass(node, "is-answered", alarm.acknowledged);
  setClass(node, "is-under", Boolean(alarm.under));
  say(parts.title, alarm.title);
  say(parts.priority, alarm.priority);
  say(parts.id, alarm.id);
  say(parts.marks, marks(alarm, isFirst).join(" \u00b7 "));
  say(parts.cause, alarm.detail || alarm.cause);
  say(parts.action, alarm.action);
  parts.acknowledge.hidden = alarm.acknowledged;
  say(parts.acknowledge, isFirst ? "Acknowledge, with what followed" : "Acknowledge");
  parts.acknowledge.setAttribute("aria-label", `Acknowledge ${alarm.id}`);
  parts.confirm.hidden = alarm.state !== "latched";
  parts.confirm.setAttribute("aria-label", `Confirm ${alarm.id}`);
}

function marks(alarm, isFirst) {
  const said = [`${words.timeOfDay(alarm.onset_at)}`, STANDINGS[alarm.state] ?? alarm.state];
  if (isFirst) said.push("came first");
  if (alarm.under) said.push(`after ${alarm.under}`);
  if (alarm.is_safety) said.push(`safety ${alarm.hazard}`);
  if (alarm.acknowledged_by && alarm.acknowledged) said.push(`by ${alarm.acknowledged_by}`);
  if (alarm.chattering) said.push("comes and goes");
  if (alarm.stale) said.push("for more than a day");
  if (alarm.suppressed) said.push("suppressed by design");
  if (alarm.shelved) said.push(`shelved by ${alarm.shelved.person} until ${words.timeOfDay(alarm.shelved.until)}: ${alarm.shelved.reason}`);
  if (alarm.out_of_service) said.push(`out of service by ${alarm.out_of_service.person}: ${alarm.out_of_service.reason}`);
  return said;
}
