// What a person can ask for, and what came of it.

import { byId, html } from "./element.js";

const API = "/api/v1";
const TIMEOUT_MS = 8000;
const NOTICE_MS = 8000;

/** A name of our own for one attempt, so that a repeated click or a lost answer makes no second order. */
function attempt() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Ask the API; the answer's JSON, or null after the problem has been shown. */
async function ask(method, path, body, headers = {}) {
  const options = { method, headers: { ...headers }, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(API + path, options);
    const answer = await response.json();
    if (response.ok) return answer;
    problem(answer);
  } catch (error) {
    problem({ code: "API_AWAY", detail: `The API did not answer (${error.name}).`, remedy: "Whether it was carried out is not known: look at the orders before you try again." });
  }
  return null;
}

function problem(answer) {
  const fields = (answer.errors ?? []).map((item) => `${item.at.replace(/^body\.(\w+\.)?/, "")}: ${item.text}.`).join(" ");
  const reasons = (answer.reasons ?? []).map((item) => item.text).join(" ");
  notice("problem", `${answer.detail} ${fields} ${reasons}`.trim(), answer.remedy, answer.code);
}

/** Tell a person something; problems stay until they are closed. */
function notice(kind, text, remedy = "", code = "") {
  const node = html("div", { class: "notice", "data-kind": kind, role: kind === "problem" ? "alert" : "status" },
    html("div", {}, html("strong", {}, text), remedy ? html("div", {}, remedy) : "", code ? html("span", { class: "quiet" }, code) : ""),
    html("button", { type: "button", class: "small", onclick: () => node.remove() }, "Close"));
  const board = byId("notices");
  board.prepend(node);
  while (board.children.length > 4) board.lastElementChild.remove();
  if (kind !== "problem") setTimeout(() => node.remove(), NOTICE_MS);
}

async function order(button, body, words) {
  button.disabled = true;
  const made = await ask("POST", "/orders", body, { "Idempotency-Key": attempt() });
  button.disabled = false;
  if (made) notice("done", `Order ${made.id}: ${words}.`);
  return made !== null;
}

const given = (value) => (value === "" ? undefined : value);

/** Wire up the forms and buttons; `vehicleOf(name)` finds a car. */
export function wireCommands({ vehicleOf, onVehicle }) {
  const form = byId("retrieve-form");
  const chosen = () => form.elements.vehicle.value.trim();
  form.elements.vehicle.addEventListener("input", () => onVehicle(chosen()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    order(byId("retrieve"), { kind: "retrieve", vehicle: chosen(), cabin: given(form.elements.cabin.value) }, `${chosen()} is being fetched`);
  });
  byId("relocate").addEventListener("click", () => {
    if (!form.reportValidity() || !vehicleOf(chosen())) return;
    order(byId("relocate"), { kind: "relocate", vehicle: chosen() }, `${chosen()} moves to another place`);
  });
  byId("store-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = event.target.elements;
    const body = { kind: "store", vehicle: fields.vehicle.value.trim(), model: fields.model.value, cabin: given(fields.cabin.value), electric: fields.electric.checked };
    for (const name of ["length_mm", "width_mm", "height_mm", "weight_kg"]) if (fields[name].value !== "") body[name] = Number(fields[name].value);
    if (await order(byId("store"), body, `${body.vehicle} is expected`)) event.target.reset();
  });
  byId("start").addEventListener("click", async () => (await ask("POST", "/start")) && notice("done", "Automatic operation was started."));
  byId("stop").addEventListener("click", async () => (await ask("POST", "/stop")) && notice("done", "Automatic operation is ending; movers come to rest."));
}

export async function clearDevice(id) {
  if (await ask("POST", `/devices/${encodeURIComponent(id)}/clear`)) notice("done", `${id} is being cleared.`);
}

const ANSWERS = { acknowledge: "is acknowledged", confirm: "is confirmed" };

/** Acknowledge or confirm an alarm. */
export async function answerAlarm(id, what, body) {
  if (await ask("POST", `/alarms/${encodeURIComponent(id)}/${what}`, body)) notice("done", `${id} ${ANSWERS[what]}.`);
}

/** Ask who gives the answer to a finding, then give it. Nothing moves by it. */
export function answerFinding(finding, choice) {
  const dialog = byId("answer");
  const form = byId("answer-form");
  byId("answer-title").textContent = finding.question;
  byId("answer-text").textContent = `${choice.text} Nothing moves by it: that takes a start.`;
  byId("answer-no").onclick = () => dialog.close();
  form.onsubmit = async () => {
    const body = { answer: choice.id, person: form.elements.person.value.trim() };
    if (await ask("POST", `/findings/${encodeURIComponent(finding.id)}/answer`, body)) notice("done", `Answered: ${choice.text}`);
  };
  dialog.showModal();
}

/** Ask how an order is to be withdrawn, then do it. */
export function withdraw(view) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = `Withdraw order ${view.id}?`;
  byId("confirm-text").textContent = `${view.vehicle}: what is in motion ends in a defined place first. Stopping the movers at once can leave the car between places, where a person must look before it goes on.`;
  const send = async (immediate) => {
    dialog.close();
    if (await ask("DELETE", `/orders/${encodeURIComponent(view.id)}${immediate ? "?immediate=true" : ""}`)) notice("done", `Order ${view.id} is being withdrawn.`);
  };
  byId("confirm-no").onclick = () => dialog.close();
  byId("confirm-regular").onclick = () => send(false);
  byId("confirm-immediate").onclick = () => send(true);
  dialog.showModal();
}
