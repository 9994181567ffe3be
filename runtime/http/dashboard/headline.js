/* headline.js - the state of the server in one sentence. No access to the page: figures in, words out. */

import {clock, count, duration, figure, plural} from "./format.js";

const RATE_SPAN_S = 5; /* rates are means of this span: one second alone jumps */

/* Requests that have not ended. */
const inside = stats => stats.ledger.parked + stats.ledger.queued + stats.ledger.in_service;

/* Per second, over the last events: { received, stored, failed, refused, growth }, the last of the requests
   inside; null with fewer than two.
   @events: of /stats.json */
export function ratesOf(events) {
  const last = events.at(-1), first = events.find(e => last.uptime - e.uptime <= RATE_SPAN_S + 0.5);

  if (!first || last.uptime <= first.uptime)
    return null;
  const per = read => (read(last) - read(first)) / (last.uptime - first.uptime);

  return {
    received: per(e => e.ledger.received),
    stored: per(e => e.ledger.stored),
    failed: per(e => e.ledger.failed),
    refused: per(refusals),
    growth: per(inside)
  };
}

/* Answered 4xx or 5xx before they became a job, or for want of a place. */
export function refusals(stats) {
  return stats.ledger.rejected + stats.ledger.timed_out +
      Object.values(stats.refused).reduce((a, b) => a + b, 0);
}

/* How long the queue has been full without a pause, by the server's history; its newest step may be cut. */
export function fullFor(history) {
  let s = 0;

  if (!history)
    return 0;
  for (let i = history.time.length - 1; i >= 0 && history.full_s[i] > 0; i--) {
    s += history.full_s[i];
    if (history.full_s[i] < 0.95 * history.step_s && i < history.time.length - 1)
      break;
  }
  return s;
}

function backlogWords(stats, rates) {
  const waiting = stats.ledger.queued + stats.ledger.parked;

  if (!rates || waiting === 0)
    return "";
  if (rates.growth < -0.01 * waiting)
    return `, drains in about ${duration(waiting / -rates.growth)}`;
  return rates.growth >= 1 ? `, ${figure(rates.growth)} more each second` : "";
}

function busyWords(stats) {
  const n = stats.ledger.in_service;

  if (stats.mode === "Default")
    return `${plural(n, "job", "jobs")} in service`;
  return stats.workers == null ? n > 0 ? "the worker is busy" : "the worker is idle" :
                                 `${count(n)} of ${plural(stats.workers, "worker", "workers")} busy`;
}

/* What keeps the server from working comes first, then what its clients notice. */
function troubleOf(stats, fullS) {
  if (!stats.database_up) {
    const since = stats.database_down == null ? "" : ` for ${duration(stats.database_down)}`;
    return {
      kind: "database",
      tone: "bad",
      text: `Database down${since}, ${plural(inside(stats), "job waits", "jobs wait")}`
    };
  }
  if (!stats.ready)
    return { kind: "unready", tone: "bad", text: `Not ready: ${stats.not_ready}` };
  if (stats.queue != null && stats.ledger.queued >= stats.queue &&
      (stats.queue > 0 || stats.ledger.parked > 0))
    return {
      kind: "full",
      tone: "bad",
      text: fullS >= 1 ? `Full for ${duration(fullS)}` : "Full",
      backlog: true
    };
  return null;
}

/**
 * @view: { stats, events, history, lostSince }: the last of /stats.json (null: none yet), the last events, of
 * /history.json (null: none yet), since when no event has come (epoch s; null: they come)
 *
 * Returns: { kind, tone, text }; @kind changes with the state, not with the figures. @tone: good, busy, bad.
 */
export function headline({stats, events, history, lostSince}) {
  if (lostSince != null)
    return {
      kind: "lost",
      tone: "bad",
      text: `The server has not answered since ${clock(lostSince)} (trying again)`
    };
  if (!stats)
    return { kind: "connecting", tone: "busy", text: "Waiting for the server's first answer" };

  const rates = ratesOf(events), { parked, queued } = stats.ledger,
        trouble = troubleOf(stats, fullFor(history));

  if (trouble?.backlog)
    trouble.text += (parked > 0 ? `, ${count(parked)} parked` : "") + backlogWords(stats, rates);
  if (trouble)
    return trouble;
  if (rates && rates.refused > 0)
    return {
      kind: "refusing",
      tone: "bad",
      text: `Refusing ${figure(rates.refused)} requests/s, ${busyWords(stats)}`
    };
  if (queued + parked > 0)
    return {
      kind: "queueing",
      tone: "busy",
      text: `Queueing: ${count(queued)}${stats.queue == null ? "" : ` of ${count(stats.queue)}`} queued` +
          (parked > 0 ? `, ${count(parked)} parked` : "") + backlogWords(stats, rates)
    };
  if (rates && rates.received > 0 || stats.ledger.in_service > 0)
    return {
      kind: "steady",
      tone: "good",
      text: `Steady: ${figure(rates?.received ?? 0)} requests/s, ${busyWords(stats)}`
    };
  return { kind: "idle", tone: "good", text: "Idle" };
}
