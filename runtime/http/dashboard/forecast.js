/* forecast.js - what the server's model expects, what it would do at other sizes (What if), and the change to
 * those sizes. */

import {count, duration, figure, latency, plural} from "./format.js";

const $ = id => document.getElementById(id);
const REFRESH_MS = 2000;

/* The sliders: name, label, and the whole numbers or factors that it goes over. @now: of /stats.json */
const KNOBS = [
  {
    name: "workers",
    label: "Workers",
    now: s => s.workers,
    min: 1,
    max: now => Math.max(16, 4 * now),
    step: () => 1
  },
  {
    name: "queue",
    label: "Queue",
    now: s => s.queue,
    min: 0,
    max: now => Math.max(100, 4 * now),
    step: now => Math.max(1, 10 ** Math.floor(Math.log10(Math.max(1, now)) - 1))
  },
  { name: "traffic", label: "Traffic ×", now: () => 1, min: 0.25, max: () => 4, step: () => 0.05 },
];

/* key, label, format */
const ANSWERS = [
  ["utilisation", "workers busy", x => x == null ? "–" : figure(100 * x) + " %"],
  ["wait_p50_s", "wait p50", latency], ["wait_p99_s", "wait p99", latency],
  ["depth_peak", "queued, peak", count], ["blocked", "parked in all", count],
  ["rejected", "refused, queue full", count], ["timed_out", "refused, parked too long", count],
  ["full_s", "time full", latency]
];

let askedMs = 0, absent = false, stats = null, asking = false, again = false, unanswered = false;

/* Forecast */

function horizonWords(h) {
  return `In ${duration(h.in_s)}: ${count(Math.round(h.depth))} queued (${count(Math.round(h.low))} to ${
             count(Math.round(h.high))}); ` +
      `forecasts made ${duration(h.in_s)} ago were wrong by ${figure(h.error)} jobs, ${
             count(Math.round(100 * h.skill))} % less than "no change".`;
}

function showForecast(f) {
  $("forecast").hidden = false;
  $("verdict").textContent = f.headline ?? "Not enough traffic yet for a forecast";
  $("verdict").dataset.tone = { holds: "good", too_few: "bad" }[f.verdict] ?? "busy";
  $("horizons").textContent = f.horizons.map(horizonWords).join(" ");
}

/* Soon after each event: no timer of its own, and none while the page is hidden. */
export async function updateForecast(latest) {
  stats = latest;
  if (absent || Date.now() - askedMs < REFRESH_MS)
    return;
  askedMs = Date.now();
  showKnobs();
  if (unanswered && $("what-if-details").open)
    ask();
  try {
    const response = await fetch("forecast.json");
    absent = response.status === 404;
    if (response.ok)
      showForecast(await response.json());
  } catch { /* the headline says that the server does not answer */
  }
}

/* What if */

/* A slider, and the same value as a number to type. It keeps what the person has chosen, else it follows the
 * server. */
function makeKnob(knob) {
  const label = document.createElement("label"), slider = document.createElement("input"),
        number = document.createElement("input");

  label.className = "knob";
  label.append(knob.label, slider, number);
  slider.type = "range";
  slider.name = knob.name;
  number.type = "number";
  number.name = knob.name + "-number";
  number.setAttribute("aria-label", `${knob.label}, as a number`);
  for (const [from, to] of [[slider, number], [number, slider]])
    from.addEventListener("input", () => {
      to.value = from.value;
      knob.chosen = true;
      ask();
    });
  return Object.assign(knob, { element: label, slider, number });
}

function showKnobs() {
  for (const knob of KNOBS) {
    const now = knob.now(stats);

    knob.element.hidden = now == null;
    if (now == null || knob.shown === now)
      continue;
    for (const input of [knob.slider, knob.number])
      Object.assign(input, { min: knob.min, max: knob.max(now), step: knob.step(now) });
    knob.number.removeAttribute("max");
    knob.number.step = knob.name === "traffic" ? "any" : 1;
    knob.shown = now;
    if (!knob.chosen)
      knob.slider.value = knob.number.value = now;
  }
  $("apply").hidden = sizes().length === 0 || !stats.resizes_allowed;
  $("no-apply").hidden = sizes().length === 0 || stats.resizes_allowed;
  $("apply-sizes").textContent = "Apply " + sizes().map(k => k.name).join(" and ");
}

/* Those that can be changed: traffic cannot. */
const sizes = () => KNOBS.filter(k => k.name !== "traffic" && !k.element.hidden);

const chosen = () =>
    KNOBS.filter(k => !k.element.hidden && k.number.checkValidity() && k.number.value !== "");

function showAnswer(a) {
  const changed = a.sizes_changed_s == null ? "" : ` (the sizes changed ${duration(a.sizes_changed_s)} ago)`;

  $("what-if-span").textContent = `The last ${duration(a.span_s)}${changed}, ${
      plural(a.requests, "request", "requests")}, simulated at these sizes:`;
  $("what-if-answer")
      .replaceChildren(
          ...[["", "as it was", "at these sizes"],
              ...ANSWERS.map(
                  ([key, label, format]) => [label, format(a.measured[key]), format(a.predicted[key])])]
              .map((texts, r) => {
                const line = document.createElement("tr");
                texts.forEach((text, i) => {
                  const cell = document.createElement(r === 0 || i === 0 ? "th" : "td");
                  cell.scope = r === 0 ? "col" : i === 0 ? "row" : "";
                  cell.textContent = text;
                  line.append(cell);
                });
                return line;
              }));
}

/* One question at a time; the last one counts. */
async function ask() {
  again = asking;
  if (asking)
    return;
  asking = true;
  try {
    const response =
        await fetch("what-if.json?" + new URLSearchParams(chosen().map(k => [k.name, k.number.value])));
    unanswered = !response.ok;
    if (response.ok)
      showAnswer(await response.json());
    else
      $("what-if-span").textContent = (await response.text()).trim();
  } catch { /* as above */
  }
  asking = false;
  if (again)
    ask();
}

/* Apply: the token is in its field, and nowhere else. */

async function put(name, value) {
  const response = await fetch(name, {
    method: "PUT",
    body: value,
    headers: { "Authorization": `Bearer ${$("token").value}`, "Content-Type": "text/plain" }
  });

  return {
    ok: response.ok,
    text: response.ok ? `${name} is ${count(value)} now` : (await response.text()).trim()
  };
}

async function apply(event) {
  const changed = chosen().filter(k => k.name !== "traffic" && Number(k.number.value) !== k.now(stats)),
        done = [];

  event.preventDefault();
  $("applied").textContent = changed.length === 0 ? "These are the sizes now." : "";
  try {
    for (const knob of changed) {
      done.push(await put(knob.name, knob.number.value));
      if (!done.at(-1).ok)
        break;
      knob.chosen = false;
      knob.shown = null;
    }
  } catch {
    done.push({ ok: false, text: "The server does not answer." });
  }
  if (done.length > 0)
    $("applied").textContent = done.map(d => d.text).join(", ");
  $("applied").dataset.tone = done.every(d => d.ok) ? "good" : "bad";
}

$("knobs").append(...KNOBS.map(knob => makeKnob(knob).element));
$("what-if").addEventListener("submit", apply);
$("what-if-details").addEventListener("toggle", event => {
  if (event.target.open)
    ask();
});
