/* chart.js - one chart of /history.json: the drawing, its legend as a table of figures, and its words. */

import {clock, clockOfDay, count, duration, figure, latency} from "./format.js";
import uPlot from "./uplot-1.6.32/uPlot.esm.js";

const HEIGHT_PX = 190;
const perSecond = (h, key) => h[key].map(n => n == null ? null : n / h.step_s);

const ink = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

/* A line alone does not draw a value between two gaps. */
function lonely(u, i) {
  const values = u.data[i], found = [];

  values.forEach((v, k) => {
    if (v != null && values[k - 1] == null && values[k + 1] == null)
      found.push(k);
  });
  return found;
}

function makeSeries(one, format) {
  const stroke = () => ink(one.ink);

  return {
    label: one.label,
    stroke,
    width: 1.5,
    dash: one.dash,
    spanGaps: one.joins,
    fill: one.fill ? () => ink(one.ink + "-soft") : undefined,
    points: { show: true, size: 4, fill: stroke, filter: lonely },
    value: (u, v) => format(v)
  };
}

/* Whole steps of a clock, however long the axis is. */
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];

function timeAxis() {
  const common = {
    stroke: () => ink("soft"),
    grid: { stroke: () => ink("grid"), width: 1 },
    ticks: { stroke: () => ink("grid"), size: 4 },
    font: "11px system-ui"
  };

  return {
    ...common,
    size: 28,
    space: 64,
    incrs: TIME_STEPS_S,
    /* whole hours of the local clock, which uPlot finds by itself */
    values: (u, splits, axis, space, incr) => splits.map(t => clock(t, incr < 60))
  };
}

/* Where the scale is logarithmic, above its threshold: 100 µs, 1 ms, ... 10 s, 1 min, 10 min; and 0, if it is
 * on the axis. */
function latencySplits(u, axis, min, max) {
  const factors = max / Math.max(min, u.scales.y.asinh) < 150 ? [1, 2, 5] : [1],
        splits = min === 0 ? [0] : [];

  for (let decade = u.scales.y.asinh; decade < 59 && decade <= max; decade *= 10)
    splits.push(...factors.map(k => k * decade));
  return [...splits, 60, 600, 3600, 36000].filter(v => (v >= min * 0.999 || v === 0) && v <= max);
}

function valueAxis(chart) {
  const common = {
    stroke: () => ink("soft"),
    grid: { stroke: () => ink("grid"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
    size: 58,
    gap: 6
  };

  if (chart.log)
    return {
      ...common,
      splits: latencySplits,
      space: 18,
      filter: (u, splits) => splits,
      values: (u, splits) => splits.map(latency)
    };
  return {...common, space: 34, values: (u, splits) => splits.map(v => v === 0 ? "0" : figure(v)) };
}

const largest = (data) =>
    data.slice(1).reduce((top, values) => values.reduce((m, v) => v > m ? v : m, top), 0);

function smallest(data) {
  return data.slice(1).reduce(
      (low, values) => values.reduce((m, v) => v > 0 && v < m ? v : m, low), Infinity);
}

/* A chart, its caption and its table, in a figure of the page. */
export class Chart {
  constructor(parent, chart, sync) {
    this.chart = chart;
    this.sync = sync;
    this.figure = document.createElement("figure");
    this.figure.id = "chart-" + chart.id;
    this.title = document.createElement("h3");
    this.title.id = `title-${chart.id}`;
    this.unit = document.createElement("span");
    this.unit.className = "unit";
    this.place = document.createElement("div");
    this.place.className = "plot";
    this.none = document.createElement("p");
    this.none.className = "none";
    this.table = document.createElement("table");
    this.table.setAttribute("aria-labelledby", this.title.id);
    const head = document.createElement("figcaption");
    head.append(this.title, this.unit);
    this.figure.append(head, this.place, this.none, this.table);
    parent.append(this.figure);
    this.place.tabIndex = 0;
    this.place.setAttribute("role", "img");
    this.place.addEventListener("keydown", event => this.onKey(event));
    this.place.addEventListener("blur", () => this.plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.place);
  }

  size() { return { width: Math.max(200, this.place.clientWidth), height: HEIGHT_PX }; }

  /* The arrow keys move the line of the values, in all charts. */
  onKey(event) {
    const step = { ArrowLeft: -1,
                   ArrowRight: 1,
                   PageUp: -10,
                   PageDown: 10,
                   Home: -Infinity,
                   End: Infinity }[event.key],
          last = (this.plot?.data[0].length ?? 0) - 1;

    if (step == null || last < 0)
      return;
    event.preventDefault();
    const from = this.plot.cursor.idx ?? last, to = Math.max(0, Math.min(last, from + step));
    this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][to], "x"), top: 10 });
  }

  show(history) {
    const { chart } = this, meant = !chart.when || chart.when(history);

    this.figure.hidden = !meant;
    if (!meant)
      return;
    this.history = history;
    this.chooseSeries();
    this.data =
        [history.time, ...this.series.map(s => s.perSecond ? perSecond(history, s.key) : history[s.key])];
    this.capacity = chart.capacity?.(history) ?? null;
    this.limits = chart.limits ? history[chart.limits] : [];
    const title = typeof chart.title === "function" ? chart.title(history) : chart.title,
          top = largest(this.data),
          empty = chart.none != null &&
        (chart.zeroIsNone ? top === 0 : this.data.slice(1).every(v => v.every(x => x == null)));
    this.title.textContent = title;
    this.unit.textContent = chart.unit;
    this.none.hidden = !empty;
    this.none.textContent = chart.none ?? "";
    this.place.hidden = this.table.hidden = empty;
    if (!empty)
      this.draw();
  }

  /* Others than before (the server may have another mode now) need another plot. */
  chooseSeries() {
    const series = this.chart.series.filter(s => !s.when || s.when(this.history));

    if (this.series && this.series.length !== series.length) {
      this.plot?.destroy();
      this.plot = null;
    }
    this.series = series;
  }

  draw() {
    if (!this.plot)
      this.plot = new uPlot(this.options(), this.data, this.place);
    else
      this.plot.setData(this.data);
    this.fillTable();
    this.place.setAttribute("aria-label", this.summary());
  }

  options() {
    const { chart } = this, values = { range: (u) => this.range() };

    if (chart.log)
      Object.assign(values, { distr: 4, asinh: this.threshold() });
    return {
      ...this.size(),
      legend: { show: false },
      padding: [10, 24, 0, 0],
      pxAlign: true,
      cursor: { sync: { key: this.sync }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: { x: { time: true, range: () => [this.begin(), this.history.now] }, y: values },
      axes: [timeAxis(), valueAxis(chart)],
      series: [{}, ...this.series.map(s => makeSeries(s, chart.format))],
      hooks: {
        drawClear: [u => this.shade(u)],
        draw: [u => this.drawCapacity(u)],
        setCursor: [() => this.fillValues()]
      }
    };
  }

  /* of the time axis: a young server has a short one, of a minute at least */
  begin() {
    const { now, period_s, started } = this.history;

    return Math.max(now - period_s, Math.min(started, now - 60));
  }

  threshold() {
    const low = smallest(this.data);

    return low === Infinity ? 0.001 : Math.max(1e-5, 10 ** Math.floor(Math.log10(low)));
  }

  /* of the axis: 0 only where there is a figure of 0, else 1, 2 or 5 of the decade of the least */
  floor() {
    const low = smallest(this.data), decade = this.threshold();

    if (low === Infinity || this.data.slice(1).some(v => v.includes(0)))
      return 0;
    return decade * [5, 2, 1].find(k => k * decade <= low || k === 1);
  }

  /* A capacity is on the chart where the figures come near it: far above them it would press them flat. */
  range() {
    const top = largest(this.data),
          near = [...this.limits, this.capacity].filter(n => n != null && n <= 4 * top);

    if (this.chart.log && this.plot)
      this.plot.scales.y.asinh = this.threshold();
    this.limitShown = near.length > 0;
    this.capacityShown = near.includes(this.capacity);
    if (this.chart.log)
      return [this.floor(), Math.max(top * 1.3, this.threshold() * 2)];
    return [0, Math.max(top, ...near) * 1.1 || 1];
  }

  /* What is shaded: runs of steps during which the queue was full. */
  shade(u) {
    const { history, chart } = this, marks = chart.marks ? history[chart.marks] : [],
                           rightmost = u.bbox.left + u.bbox.width,
                           x = t => Math.max(u.bbox.left, Math.min(rightmost, u.valToPos(t, "x", true)));

    u.ctx.save();
    u.ctx.fillStyle = ink("shade");
    for (let i = 0, end; i < marks.length; i = end + 1) {
      for (end = i; marks[end] > 0;)
        end++;
      if (end > i)
        u.ctx.fillRect(
            x(history.time[i] - history.step_s), u.bbox.top,
            Math.max(1, x(history.time[end - 1]) - x(history.time[i] - history.step_s)), u.bbox.height);
    }
    u.ctx.restore();
  }

  /* A step of the clock ends at its time; from the last one on it is the present capacity. */
  traceLimits(u) {
    const { time, step_s } = this.history, { ctx, bbox } = u, right = bbox.left + bbox.width;
    const level = (from, until, value) => {
      const y = Math.round(u.valToPos(value, "y", true));

      ctx.lineTo(from, y);
      ctx.lineTo(until, y);
    };

    ctx.beginPath();
    this.limits.forEach((value, i) => {
      if (value != null)
        level(u.valToPos(time[i] - step_s, "x", true), u.valToPos(time[i], "x", true), value);
    });
    if (this.capacity != null)
      level(time.length > 0 ? u.valToPos(time.at(-1), "x", true) : bbox.left, right, this.capacity);
  }

  drawCapacity(u) {
    if (!this.limitShown)
      return;
    const { ctx, bbox } = u;

    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = ink("red");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    this.traceLimits(u);
    ctx.stroke();
    if (this.capacityShown)
      this.labelCapacity(u);
    ctx.restore();
  }

  labelCapacity(u) {
    const y = Math.round(u.valToPos(this.capacity, "y", true)), { ctx, bbox } = u;

    ctx.font = `${11 * devicePixelRatio}px system-ui`;
    ctx.textAlign = "right"; /* where it is the present one */
    ctx.textBaseline = y - bbox.top > 16 * devicePixelRatio ? "bottom" : "top";
    const text = [
      `${this.chart.capacityLabel} ${count(this.capacity)}`, bbox.left + bbox.width - 6 * devicePixelRatio,
      y + (ctx.textBaseline === "top" ? 3 : -2) * devicePixelRatio
    ];
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.lineJoin = "round";
    ctx.strokeStyle = ink("card");
    ctx.strokeText(...text); /* a halo, over the series */
    ctx.fillText(...text);
  }

  /* One row a series: the value at the cursor (or the newest), the mean and the peak. It is the legend. */
  fillTable() {
    const rows = [row("th", ["", this.when(), "mean", "peak"])];

    this.series.forEach((s, i) => rows.push(this.rowOf(s, this.data[i + 1].filter(v => v != null))));
    if (this.chart.log) /* the mean of percentiles is no percentile */
      rows.forEach(r => r.children[2].remove());
    this.table.replaceChildren(...rows);
    this.addNotes();
    this.fillValues();
  }

  rowOf(series, known) {
    const { format } = this.chart, sum = known.reduce((a, b) => a + b, 0);

    if (known.length === 0)
      return row("td", [series.label, "", "–", "–"], series);
    return row("td", [series.label, "", format(sum / known.length), format(Math.max(...known))], series);
  }

  /* "8 (4 before)" */
  capacityWords() {
    const before = this.limits.findLast(n => n != null && n !== this.capacity);

    return count(this.capacity) + (before == null ? "" : ` (${count(before)} before)`) +
        (this.capacityShown === false ? ", above this chart" : "");
  }

  addNotes() {
    const { chart, history } = this, notes = [];

    if (this.capacity != null)
      notes.push([chart.capacityLabel, this.capacityWords()]);
    if (chart.marks)
      notes.push([chart.marksLabel, latency(history[chart.marks].reduce((a, b) => a + (b ?? 0), 0))]);
    notes.forEach(([name, value]) => {
      const line = row("td", [name, value], { mark: true });
      line.children[1].colSpan = 3;
      this.table.append(line);
    });
  }

  index() { return this.plot?.cursor.idx ?? this.history.time.length - 1; }

  when() {
    const t = this.history.time[this.index()];

    return this.plot?.cursor.idx == null || t == null ? "now" :
        this.history.period_s > 3600                  ? clockOfDay(t) :
                                                        clock(t);
  }

  fillValues() {
    if (!this.table.rows.length)
      return;
    const i = this.index();

    this.table.rows[0].cells[1].textContent = this.when();
    this.series.forEach(
        (s, k) => this.table.rows[k + 1].cells[1].textContent = this.chart.format(this.data[k + 1][i]));
  }

  /* In words, for those who hear the page. */
  summary() {
    const parts = this.series.map((s, k) => {
      const known = this.data[k + 1].filter(v => v != null);
      return known.length === 0 ? `${s.label}: no figure` :
                                  `${s.label}: now ${this.chart.format(this.data[k + 1].at(-1))}, peak ${
                                      this.chart.format(Math.max(...known))}`;
    });

    return `${this.title.textContent}, ${this.chart.unit}, the last ${duration(this.history.period_s)}. ${
        parts.join("; ")}. Arrow keys read the values.`;
  }

  redraw() { this.plot?.redraw(false, true); }
}

function row(tag, texts, series) {
  const line = document.createElement("tr");

  texts.forEach((text, i) => {
    const cell = document.createElement(i === 0 || tag === "th" ? "th" : "td");
    cell.scope = tag === "th" ? "col" : i === 0 ? "row" : "";
    cell.textContent = text;
    line.append(cell);
  });
  if (series) {
    const key = document.createElement("span");
    key.className = "key " + (series.mark ? "" : `ink-${series.ink}`) + (series.dash ? " dashed" : "");
    key.setAttribute("aria-hidden", "true");
    line.cells[0].prepend(key);
  }
  return line;
}
