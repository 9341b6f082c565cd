// chart.js: a line chart of uPlot with a legend that reads values out, by mouse, touch and keyboard.

import { el, eachFrame, write } from "./dom.js";
import { decade, integer, number } from "./format.js";
import { colour, faint, onTheme } from "./theme.js";

/* global uPlot: a classic script, loaded before the modules. */

/**
 * One chart in a container. `show` takes the curves:
 * `{ label, colour: "--run-1", xs, ys, dash?, faint?, points?, steps? }`; a faint one (raw values under smoothed ones) has no legend.
 * The container's `data-points` says how many points its curves have.
 */
export class Chart {
  constructor(container, { name, x = "step", height = 210, sync = null, format = number }) {
    Object.assign(this, { container, name, x, height, sync, format, curves: [], log: false, shape: "" });
    this.legend = el("ul", { class: "legend" });
    this.plot = el("div", { class: "plot", tabindex: "0", role: "slider", "aria-label": `${name}: read values with the arrow keys`,
      "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0", "aria-valuetext": "no values yet" });
    container.append(this.legend, this.plot);
    container.dataset.points = "0";
    this.plot.addEventListener("keydown", (event) => this.#key(event));
    this.plot.addEventListener("blur", () => this.uplot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(eachFrame(() => this.#resize())).observe(this.plot);
    onTheme(() => this.#rebuild());
  }

  show(curves, { log = false } = {}) {
    this.curves = curves;
    this.log = log;
    this.container.dataset.points = String(curves.filter((curve) => !curve.faint)
      .reduce((sum, curve) => sum + curve.ys.filter((y) => Number.isFinite(y)).length, 0));
    this.data = aligned(curves, log);
    // What uPlot has to be built anew for; other changes are only data.
    const shape = JSON.stringify([log, curves.map(({ label, colour: name, dash, faint: pale, points, steps }) => [label, name, dash, pale, points, steps])]);
    if (shape !== this.shape || !this.uplot) {
      this.shape = shape;
      this.#rebuild();
    } else {
      this.uplot.setData(this.data);
    }
    this.#read();
  }

  #rebuild() {
    this.uplot?.destroy();
    this.uplot = null;
    const width = this.plot.clientWidth;
    if (!this.data || width === 0) return;
    this.uplot = new uPlot(this.#options(width), this.data, this.plot);
    this.#resize();
    this.legend.replaceChildren(...this.curves.filter((curve) => !curve.faint).map((curve) => {
      const swatch = el("span", { class: curve.dash ? "swatch dashed" : "swatch", "aria-hidden": "true" });
      swatch.style.color = colour(curve.colour);
      return el("li", {}, swatch, el("span", { class: "legend-name", text: curve.label }), el("span", { class: "legend-value" }));
    }));
    this.#read();
  }

  #resize() {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    if (!this.uplot) this.#rebuild();
    else if (this.uplot.width !== width) this.uplot.setSize({ width, height: this.height });
  }

  #options(width) {
    const axis = { stroke: colour("--muted"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--hairline"), width: 1 } };
    const range = this.log
      ? (_, low, high) => (low > 0 ? [oneDigit(low / 1.05, Math.floor), oneDigit(high * 1.05, Math.ceil)] : [0.1, 1])
      : (_, low, high) => (low === null ? [0, 1] : uPlot.rangeNum(low, high, { min: { pad: 0.05, soft: 0, mode: 2 }, max: { pad: 0.05, soft: 0, mode: 2 } }));
    return {
      width, height: this.height,
      legend: { show: false },
      padding: [8, 18, 0, 0],
      scales: { x: { time: false, range: (_, low, high) => (low === null ? [0, 1] : low === high ? [low - 1, high + 1] : [low, high]) }, y: { distr: this.log ? 3 : 1, range } },
      axes: [
        { ...axis, size: 26, gap: 4, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : integer(tick))) },
        { ...axis, size: 48, gap: 6, ...(this.log ? { splits: decades, filter: (_, ticks) => ticks } : {}), values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : this.log ? decade(tick) : number(tick))) },
      ],
      series: [{}, ...this.curves.map((curve) => {
        const stroke = colour(curve.colour);
        return {
          stroke: curve.faint ? faint(stroke, 0.22) : stroke,
          width: curve.faint ? 1 : 1.5,
          dash: curve.dash, spanGaps: true,
          paths: curve.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
          points: { show: Boolean(curve.points), size: 5, fill: stroke, stroke },
        };
      })],
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: this.sync ? { key: this.sync } : undefined,
        points: { show: (_, index) => (this.curves[index - 1]?.faint ? null : dot(colour(this.curves[index - 1].colour))) },
      },
      hooks: { setCursor: [() => this.#read()] },
    };
  }

  /** Writes each curve's value at the cursor, or its last one, into the legend. */
  #read() {
    const index = this.uplot?.cursor.idx ?? null;
    const xs = this.data?.[0] ?? [];
    const items = this.legend.children;
    const values = [];
    let item = 0;
    this.curves.forEach((curve, at) => {
      if (curve.faint) return;
      const column = this.data[at + 1];
      let row = index ?? column.length - 1;
      while (row > 0 && !Number.isFinite(column[row])) row -= 1;
      const text = Number.isFinite(column[row]) ? this.format(column[row]) : "–";
      values.push(`${curve.label} ${text}`);
      if (items[item]) write(items[item].lastChild, text);
      item += 1;
    });
    const at = xs.length ? xs[index ?? xs.length - 1] : 0;
    this.plot.setAttribute("aria-valuemax", String(xs.at(-1) ?? 0));
    this.plot.setAttribute("aria-valuenow", String(at));
    this.plot.setAttribute("aria-valuetext", values.length && xs.length ? `${this.x} ${integer(at)}: ${values.join(", ")}` : "no values yet");
    this.container.dataset.cursor = index === null ? "" : String(at);
  }

  #key(event) {
    const last = (this.data?.[0]?.length ?? 0) - 1;
    if (!this.uplot || last < 0) return;
    const from = this.uplot.cursor.idx ?? last;
    const page = Math.max(1, Math.round(last / 10));
    const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageUp: from - page, PageDown: from + page, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const row = Math.min(last, Math.max(0, to));
    this.uplot.setCursor({ left: this.uplot.valToPos(this.data[0][row], "x"), top: this.height / 2 });
  }
}

/** A number of one digit near `value`: uPlot's marks of a log axis count on from its end, and from another they may never reach the other. */
function oneDigit(value, round) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Number((round(value / unit) * unit).toPrecision(1));
}

/** Ticks of a logarithmic axis: 1, 2, 5 within two decades, else as many powers of ten as there is room for. */
function decades(_, __, low, high) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.ceil((last - first) / 6);
  const digits = last - first <= 3 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let exponent = Math.ceil(first / every) * every; exponent <= last; exponent += every) {
    for (const digit of digits) ticks.push(Number(`${digit}e${exponent}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** The mark of a curve's value under the cursor. */
function dot(fill) {
  const mark = el("div", { class: "chart-dot" });
  mark.style.background = fill;
  return mark;
}

/** The curves on one common x, as uPlot wants them; what a log axis cannot show becomes a gap. */
function aligned(curves, log) {
  const clean = (ys) => (log ? ys.map((y) => (y > 0 ? y : null)) : ys);
  if (curves.length === 0) return [[]];
  const groups = new Map();
  for (const curve of curves) {
    if (!groups.has(curve.xs)) groups.set(curve.xs, []);
    groups.get(curve.xs).push(curve);
  }
  const tables = [...groups].map(([xs, members]) => [xs, ...members.map((curve) => clean(curve.ys))]);
  const joined = tables.length === 1 ? tables[0] : uPlot.join(tables);
  // Back from the groups' order to the curves' own.
  const columns = new Map([...groups.values()].flat().map((curve, at) => [curve, joined[at + 1]]));
  return [joined[0], ...curves.map((curve) => columns.get(curve))];
}
