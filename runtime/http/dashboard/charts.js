/* charts.js - the charts of /history.json: what each shows, and in which mode. */

import {Chart} from "./chart.js";
import {count, figure, latency, rate} from "./format.js";

const seriesOf = (...rows) => rows.map(([key, label, ink, more]) => ({ key, label, ink, ...more }));
const hasAny = (h, ...keys) => keys.some(key => h[key]?.some(x => x != null));

/* Series: key of the history, label, ink (a custom property of page.css), and perhaps: fill, dash, perSecond
   (a count of the step), joins (over steps without a value), when: has it a meaning here? none: what is said
   in the place of a chart without a figure. capacity: the line that the figures cannot pass, now; limits: the
   key of what it was at each step; marks: the key of the seconds of each step that are shaded. */
const CHARTS = [
  {
    id: "queue",
    title: "Queue",
    unit: "jobs",
    format: count,
    when: h => h.mode !== "Default",
    capacity: h => h.queue,
    limits: "queue_limit",
    capacityLabel: "capacity",
    marks: "full_s",
    marksLabel: "time full",
    series: seriesOf(
        ["depth", "queued", "blue", { fill: true }], ["depth_peak", "queued, peak", "blue", { dash: [2, 3] }],
        ["parked", "parked", "orange"],
        [
          "depth_forecast", "forecast 10 s before", "purple",
          { joins: true, when: h => hasAny(h, "depth_forecast") }
        ])
  },
  {
    id: "busy",
    title: h => ({ Default: "Jobs in service", BufferedChannel: "Worker" })[h.mode] ?? "Workers",
    unit: "jobs in service",
    format: figure,
    capacity: h => h.mode === "BufferedChannel" ? 1 : h.workers,
    limits: "workers_limit",
    capacityLabel: "workers",
    series: seriesOf(["busy", "busy", "green", { fill: true }])
  },
  {
    id: "rates",
    title: "Requests",
    unit: "requests per second",
    format: rate,
    series: seriesOf(
        ["received", "received", "blue", { perSecond: true, fill: true }],
        ["stored", "stored", "green", { perSecond: true }],
        ["failed", "failed", "red", { perSecond: true, dash: [5, 3] }])
  },
  {
    id: "refusals",
    title: "Refusals",
    unit: "requests per second",
    format: rate,
    none: "No request was refused.",
    zeroIsNone: true,
    series: seriesOf(
        ["refused_full", "no place", "red", { perSecond: true }],
        [
          "refused_timeout", "parked too long", "orange", { perSecond: true, when: h => h.mode !== "Default" }
        ],
        ["refused_other", "other", "purple", { perSecond: true, dash: [5, 3] }])
  },
  {
    id: "wait",
    title: "Wait for a worker",
    unit: "time, log scale",
    format: latency,
    log: true,
    when: h => h.mode !== "Default",
    none: "No job was served.",
    series: seriesOf(
        ["wait_p50_s", "p50", "green"], ["wait_p95_s", "p95", "orange"], ["wait_p99_s", "p99", "red"])
  },
  {
    id: "response",
    title: "Response",
    unit: "time, log scale",
    format: latency,
    log: true,
    none: "No request was answered.",
    series: seriesOf(
        ["response_p50_s", "p50", "green"], ["response_p95_s", "p95", "orange"],
        ["response_p99_s", "p99", "red"])
  },
  {
    id: "commit",
    title: "Database commits",
    unit: "time, log scale",
    format: latency,
    log: true,
    when: h => hasAny(h, "commit_p50_s", "commit_p99_s"),
    series: seriesOf(["commit_p50_s", "p50", "green"], ["commit_p99_s", "p99", "red"])
  },
  {
    id: "rows",
    title: "Jobs per commit",
    unit: "jobs",
    format: figure,
    when: h => hasAny(h, "rows_per_commit"),
    series: seriesOf(["rows_per_commit", "jobs per commit", "purple", { fill: true }])
  },
];

export function makeCharts(parent) {
  const charts = CHARTS.map(chart => new Chart(parent, chart, "wp"));

  matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", () => charts.forEach(c => c.redraw()));
  return charts;
}
