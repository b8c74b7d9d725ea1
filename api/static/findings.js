// What books and machine do not agree on: evidence, the question, and its answers as buttons.

import { byId, html, keep, say, setClass } from "./element.js";

export function showFindings(data, answer) {
  const found = [...data.findings.values()];
  const box = byId("findings-box");
  box.hidden = found.length === 0;
  setClass(box, "has-alarm", found.some((one) => one.blocks));
  say(byId("findings-count"), String(found.length));
  keep(byId("findings-list"), found, (one) => one.id, () => html("li", { class: "card" }), (node, one) => update(node, one, answer));
}

function update(node, one, answer) {
  const said = JSON.stringify(one);
  if (node.dataset.said === said) return;
  node.dataset.said = said;
  node.dataset.kind = one.blocks ? "alarm" : "wait";
  node.replaceChildren(
    html("div", { class: "head" }, html("strong", {}, one.text), html("span", { class: "tag push" }, one.id)),
    html("span", { class: "quiet" }, one.blocks ? `Out of use until settled: ${one.units.join(", ")}.` : ""),
    ...one.evidence.map((line) => html("span", { class: "cause" }, line)),
    ...one.moves.map((line) => html("span", { class: "remedy" }, line)),
    one.question ? html("span", { class: "remedy" }, one.question) : "",
    html("div", { class: "row" }, ...one.answers.map((choice) =>
      html("button", { type: "button", class: "small", "data-answer": choice.id, onclick: () => answer(one, choice) }, choice.text))));
}
