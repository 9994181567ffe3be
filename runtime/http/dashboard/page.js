/* page.js - the operator's page: it reads /events and /history.json while it is seen, and fills itself with
 * them. */

import {makeCharts} from "./charts.js";
import {updateForecast} from "./forecast.js";
import {clock, clockOfDay, count, duration, latency, plural, rate} from "./format.js";
import {headline, ratesOf, refusals} from "./headline.js";

const $ = id => document.getElementById(id);
const KEPT_EVENTS = 12, SILENT_MS = 5000, RETRY_MS = 2000, ANNOUNCE_MS = 5000;
const REFRESH_MS = {
  "5m": 1000,
  "1h": 5000,
  "1d": 60000
};

const view = {
  stats: null,
  events: [],
  history: null,
  lostSince: null
};
let source = null, heardMs = 0, askedMs = 0, asking = false, announced = { kind: "", ms: 0 }, charts = [],
    restarted = false;

function put(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

const period = () => document.querySelector("#period input:checked").value;

/* Events */

function listen() {
  source?.close();
  source = new EventSource("events");
  heardMs = Date.now();
  source.onmessage = event => onStats(JSON.parse(event.data));
  source.onerror = () => lose();
}

/* A connection that was refused, cut, or silent is opened anew, for as long as the page is seen. Beside 32
   others that read /events there is no place for it: then each try reads /stats.json. */
async function lose() {
  source?.close();
  source = null;
  try {
    const response = await fetch("stats.json", { signal: AbortSignal.timeout(RETRY_MS) });
    onStats(await response.json());
  } catch {
    view.lostSince ??= (view.stats ? heardMs : Date.now()) / 1000;
    show();
  }
  setTimeout(() => {
    if (!source && !document.hidden)
      listen();
  }, RETRY_MS);
}

function onStats(stats) {
  const before = view.events.at(-1);

  heardMs = Date.now();
  if (view.lostSince != null || stats.uptime < before?.uptime ||
      stats.ledger.received < before?.ledger.received) {
    view.events = []; /* it may be another run of the server, with counters that begin anew */
    askedMs = 0;
  }
  view.lostSince = null;
  view.stats = stats;
  view.events.push(stats);
  view.events.splice(0, view.events.length - KEPT_EVENTS);
  show();
  updateForecast(stats);
  if (Date.now() - askedMs >= REFRESH_MS[period()] - 100)
    askHistory();
}

/* History */

/* What is new joins what is known of the same period and run of the server. A step's time is its end. */
function joined(known, fresh) {
  const from = fresh.now - fresh.period_s,
        kept = known.time.map((t, i) => t > from && t < (fresh.time[0] ?? Infinity) ? i : -1)
                   .filter(i => i >= 0);

  return Object.fromEntries(Object.entries(fresh).map(
      ([key, value]) => [key, Array.isArray(value) ? kept.map(i => known[key][i]).concat(value) : value]));
}

async function askHistory() {
  if (asking)
    return;
  const wanted = period(), before = view.history,
        known = before?.period === wanted && before.time.length > 0 ? before : null;

  asking = true;
  askedMs = Date.now();
  try {
    const response =
        await fetch(`history.json?period=${wanted}` + (known ? `&since=${known.time.at(-1)}` : "")),
          fresh = await response.json();

    restarted ||= before != null && fresh.started !== before.started;
    view.history = known && fresh.started === known.started ? joined(known, fresh) : fresh;
    view.history.period = wanted;
    showHistory();
  } catch (error) {
    put($("note"), view.lostSince == null ? `The history could not be read (${error.message})` : "");
  }
  asking = false;
  if (wanted !== period())
    askHistory();
}

function showHistory() {
  const h = view.history, since = h.started > h.now - h.period_s;

  put($("note"),
      since ? `The server ${restarted ? "was restarted" : "started"} at ${
                  clockOfDay(h.started)}: its history begins there.` :
              "");
  charts.forEach(chart => chart.show(h));
  showState();
}

/* What is shown */

function figuresOf(s) {
  const rates = ratesOf(view.events), l = s.ledger, queued = s.mode !== "Default",
        of = n => n == null ? "" : ` of ${count(n)}`;

  return [
    ["received", "received", rate(rates?.received)], ["stored", "stored", rate(rates?.stored)],
    queued && ["queued", "queued", count(l.queued), of(s.queue)],
    queued && ["parked", "parked", count(l.parked), "", l.parked > 0],
    ["in_service", s.workers == null ? "in service" : "workers busy", count(l.in_service), of(s.workers)],
    ["refused", "refused in all", count(refusals(s)), "", rates?.refused > 0],
    ["failed", "failed in all", count(l.failed), "", rates?.failed > 0],
    ["oldest_age", "oldest job", latency(s.oldest_age)]
  ].filter(Boolean);
}

function showFigures(s) {
  const list = $("figures"), wanted = figuresOf(s);

  if (list.children.length !== wanted.length)
    list.replaceChildren(...wanted.map(() => {
      const card = document.createElement("div");
      card.append(document.createElement("dt"), document.createElement("dd"));
      card.lastChild.append(document.createElement("b"), document.createElement("span"));
      return card;
    }));
  wanted.forEach(([name, label, value, of = "", warned = false], i) => {
    const [dt, dd] = list.children[i].children;
    put(dt, label);
    put(dd.firstChild, value);
    put(dd.lastChild, of);
    dd.firstChild.dataset.figure = name;
    list.children[i].classList.toggle("warn", warned);
  });
}

const ENTERED = ["received", "recovered"],
      PLACED = ["stored", "rejected", "timed_out", "abandoned", "failed", "parked", "queued", "in_service"];
const words = name => name.replace("_", " ");

/* One line; each place has a row where the sums differ. */
function showLedger(l) {
  const part = name => l[name] > 0 || name === "received" || name === "stored" ?
      [`${count(l[name])} ${words(name)}`] :
      [],
        sum = names => names.flatMap(part).join(" + "),
        total = names => names.reduce((n, name) => n + l[name], 0), table = $("ledger-table");

  put($("ledger"),
      `Ledger: ${sum(ENTERED)} ${l.balances ? "=" : "≠"} ${sum(PLACED)}: ` +
          (l.balances ? "it balances" :
                        `IT DOES NOT BALANCE, by ${count(Math.abs(total(ENTERED) - total(PLACED)))}`));
  $("ledger").dataset.tone = l.balances ? "good" : "bad";
  table.hidden = l.balances;
  table.tBodies[0]?.remove();
  if (l.balances)
    return;
  for (const name of [...ENTERED, ...PLACED]) {
    const line = table.insertRow();
    line.insertCell().textContent = words(name);
    line.insertCell().textContent = count(l[name]);
  }
}

/* Heard only when the state changes, and not every second. */
function announce({ kind, text }) {
  if (kind === announced.kind || Date.now() - announced.ms < ANNOUNCE_MS)
    return;
  announced = { kind, ms: Date.now() };
  put($("announcement"), text);
}

function showState() {
  const state = headline(view);

  put($("headline"), state.text);
  $("headline").dataset.tone = state.tone;
  $("headline").dataset.kind = state.kind;
  document.title = `${state.text} – wp-server`;
  announce(state);
}

function show() {
  const s = view.stats;

  showState();
  put($("connection"),
      view.lostSince != null ? "no connection, trying again" :
          s                  ? `live, ${clock(heardMs / 1000)}` :
                               "connecting");
  $("connection").dataset.tone = view.lostSince != null ? "bad" : "good";
  $("figures").classList.toggle("stale", view.lostSince != null);
  if (!s)
    return;
  put($("about"), [
    s.mode, `database ${s.database}`, `answers when ${s.ack}`,
    plural(s.connections, "connection", "connections"), `version ${s.version}`, `up ${duration(s.uptime)}`
  ].join(" · "));
  showFigures(s);
  showLedger(s.ledger);
}

/* A hidden tab asks nothing. */
function onVisibility() {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (!source) {
    view.events = [];
    askedMs = 0;
    listen();
  }
}

charts = makeCharts($("charts"));
document.addEventListener("visibilitychange", onVisibility);
$("period").addEventListener("change", () => askHistory());
setInterval(() => {
  if (source && Date.now() - heardMs > SILENT_MS)
    lose();
}, 1000);
if (!document.hidden)
  listen();
