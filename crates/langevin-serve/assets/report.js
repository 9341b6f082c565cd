// report.js: the curves, the grids and the copied settings of a report. A classic script: a page from a file has no modules.
"use strict";
(() => {
  /* global uPlot: the script before this one. */
  const $ = (id) => document.getElementById(id);
  const el = (tag, options = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), options);
    element.append(...children);
    return element;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Numbers as people read them.
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const number = (value) => {
    const size = Math.abs(value);
    if (!Number.isFinite(value)) return "–";
    if (size >= 100) return whole.format(value);
    return size >= 0.001 || size === 0 ? String(Number(value.toPrecision(3))) : value.toExponential(1).replace("e-", "e−");
  };
  const decade = (value) => {
    const exponent = Math.log10(value);
    if (Math.abs(exponent - Math.round(exponent)) > 1e-9 || Math.abs(exponent) < 2.5) return number(value);
    return `10${[...String(Math.round(exponent))].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("")}`;
  };

  /** A number of one digit near `value`: uPlot's marks of a log axis count on from its end, and from another they may never reach the other. */
  const oneDigit = (value, round) => {
    const unit = 10 ** Math.floor(Math.log10(value));
    return Number((round(value / unit) * unit).toPrecision(1));
  };

  // The metrics, one column a curve; what was not measured is a gap.
  const lines = JSON.parse($("metrics").textContent);
  const steps = lines.map((line) => line.step);
  const column = (pick) => lines.map((line) => (Number.isFinite(pick(line)) ? pick(line) : null));
  const count = (ys) => ys.filter((y) => y !== null).length;

  /** An exponential moving average over a fiftieth of the curve, which is not drawn towards 0 at its start. */
  function smooth(ys) {
    const keep = Math.exp(-50 / Math.max(50, count(ys)));
    let [sum, weight] = [0, 0];
    if (count(ys) < 60) return ys;
    return ys.map((y) => {
      if (y === null) return null;
      [sum, weight] = [keep * sum + (1 - keep) * y, keep * weight + (1 - keep)];
      return sum / weight;
    });
  }

  const raw = (label, name, ys) => ({ label, name, ys, points: count(ys) < 60 });
  const both = (label, name, ys) => (count(ys) < 60 ? [raw(label, name, ys)] : [{ label, name, ys, faint: true }, { label: `${label}, smoothed`, name, ys: smooth(ys) }]);
  const QUARTERS = ["cleanest", "second", "third", "noisiest"];
  const CHARTS = [
    { name: "Loss", wide: true, switched: true, curves: [...both("training", "--curve-1", column((line) => line.loss)), raw("held out", "--curve-2", column((line) => line.holdout_loss))] },
    { name: "Loss by quarter of t", switched: true, curves: QUARTERS.map((label, at) => ({ label, name: `--quarter-${at + 1}`, ys: smooth(column((line) => line.loss_quarters?.[at])) })) },
    { name: "Gradient norm", log: true, curves: both("norm", "--curve-1", column((line) => line.grad_norm)) },
    { name: "Fréchet distance", curves: [raw("distance", "--curve-1", column((line) => line.frechet))] },
    { name: "Negative log-likelihood", curves: [raw("bits/dim", "--curve-1", column((line) => line.nll))] },
    { name: "Variational bound", switched: true, curves: both("bits/dim", "--curve-1", column((line) => line.vlb)) },
    { name: "Speed", curves: both("samples per second", "--curve-1", column((line) => line.images_per_second)) },
  ];

  /** One chart, with a legend that reads values out by mouse, touch and arrow keys. */
  class Chart {
    constructor({ name, wide, log, switched, curves }) {
      Object.assign(this, { name, log, switched, curves: curves.filter((curve) => count(curve.ys) > 0) });
      this.legend = el("ul", { className: "legend" });
      this.plot = el("div", { className: "plot", tabIndex: 0, role: "slider" });
      this.plot.setAttribute("aria-label", `${name}: read values with the arrow keys`);
      this.figure = el("figure", { className: wide ? "wide" : "" }, el("h3", { textContent: name }), this.legend, this.plot);
      this.shown = this.curves.filter((curve) => !curve.faint);
      this.plot.addEventListener("keydown", (event) => this.key(event));
      this.plot.addEventListener("blur", () => this.uplot.setCursor({ left: -10, top: -10 }));
    }

    /** Draws it anew: for another theme, another axis, or paper. */
    build() {
      this.uplot?.destroy();
      const log = this.log || (this.switched && $("log").checked);
      const axis = { stroke: colour("--muted"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--hairline"), width: 1 } };
      const soft = { pad: 0.05, soft: 0, mode: 2 };
      const range = log ? (_, low, high) => (low > 0 ? [oneDigit(low / 1.05, Math.floor), oneDigit(high * 1.05, Math.ceil)] : [0.1, 1]) : (_, low, high) => (low === null ? [0, 1] : uPlot.rangeNum(low, high, { min: soft, max: soft }));
      const write = (format) => (_, ticks) => ticks.map((tick) => (tick === null ? "" : format(tick)));
      this.legend.replaceChildren(...this.shown.map((curve) => {
        const swatch = el("span", { className: "swatch" });
        swatch.style.color = colour(curve.name);
        return el("li", {}, swatch, el("span", { textContent: curve.label }), el("b", { textContent: "–" }));
      }));
      this.uplot = new uPlot({
        width: this.plot.clientWidth, height: 210, legend: { show: false }, padding: [8, 20, 0, 0],
        scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) }, y: { distr: log ? 3 : 1, range } },
        axes: [{ ...axis, size: 26, gap: 4, values: write(number) }, { ...axis, size: 48, gap: 6, values: write(log ? decade : number) }],
        series: [{}, ...this.curves.map(({ name, faint, points }) => {
          const stroke = colour(name);
          return { stroke: faint ? `${stroke}59` : stroke, width: faint ? 1 : 1.5, spanGaps: true, points: { show: Boolean(points), size: 5, fill: stroke, stroke } };
        })],
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: "report" }, points: { show: (_, at) => this.dot(this.curves[at - 1]) } },
        hooks: { setCursor: [() => this.read()] },
      }, [steps, ...this.curves.map(({ ys }) => (log ? ys.map((y) => (y > 0 ? y : null)) : ys))], this.plot);
      this.read();
    }

    dot({ name, faint }) {
      const mark = el("div", { className: "dot" });
      mark.style.background = faint ? "transparent" : colour(name);
      return mark;
    }

    /** Writes each curve's value at the cursor, or its last one, into the legend. */
    read() {
      const at = this.uplot?.cursor.idx ?? steps.length - 1;
      const texts = this.shown.map(({ ys }) => {
        let row = at;
        while (row > 0 && ys[row] === null) row -= 1;
        return number(ys[row] ?? NaN);
      });
      texts.forEach((text, item) => (this.legend.children[item].lastChild.textContent = text));
      const says = { "aria-valuemin": steps[0], "aria-valuemax": steps.at(-1), "aria-valuenow": steps[at], "aria-valuetext": `step ${whole.format(steps[at])}: ${this.shown.map(({ label }, item) => `${label} ${texts[item]}`).join(", ")}` };
      Object.entries(says).forEach(([name, value]) => this.plot.setAttribute(name, value));
    }

    key(event) {
      const last = steps.length - 1;
      const from = this.uplot.cursor.idx ?? last;
      const page = Math.max(1, Math.round(last / 10));
      const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageUp: from + page, PageDown: from - page, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.uplot.setCursor({ left: this.uplot.valToPos(steps[Math.min(last, Math.max(0, to))], "x"), top: 105 });
    }
  }

  const charts = CHARTS.map((kind) => new Chart(kind)).filter((chart) => chart.curves.length > 0);
  const build = () => charts.forEach((chart) => chart.build());
  $("charts").append(...charts.map((chart) => chart.figure));
  $("log-switch").hidden = !charts.some((chart) => chart.switched);
  $("log").addEventListener("change", build);
  build();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(build));
  const fit = () => charts.forEach(({ uplot, plot }) => plot.clientWidth !== uplot.width && uplot.setSize({ width: plot.clientWidth, height: 210 }));
  new ResizeObserver(() => requestAnimationFrame(fit)).observe($("charts"));
  const paper = (on) => {
    document.documentElement.toggleAttribute("data-paper", on);
    build();
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));

  // The grids: one at a time, the last one first.
  const grids = [...document.querySelectorAll("#grids figure")];
  const moment = $("moment");
  function show(at) {
    const to = Math.min(grids.length - 1, Math.max(0, at));
    grids.forEach((figure, index) => figure.classList.toggle("shown", index === to));
    moment.value = to;
    $("at").value = `${to + 1} of ${grids.length}`;
    moment.setAttribute("aria-valuetext", grids[to].querySelector("figcaption").textContent);
    // A button that is switched off would lose the focus of who presses it again and again.
    $("earlier").setAttribute("aria-disabled", to === 0);
    $("later").setAttribute("aria-disabled", to === grids.length - 1);
  }
  if (grids.length > 0) {
    document.documentElement.classList.add("choosing");
    moment.max = grids.length - 1;
    moment.addEventListener("input", () => show(Number(moment.value)));
    $("earlier").addEventListener("click", () => show(Number(moment.value) - 1));
    $("later").addEventListener("click", () => show(Number(moment.value) + 1));
    $("player").hidden = grids.length === 1;
    show(grids.length - 1);
  }

  // The settings: where the clipboard is out of reach, they are selected.
  const say = (text) => ($("copied").textContent = text);
  $("copy").hidden = false;
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("config").textContent);
      say("Copied.");
    } catch {
      document.querySelector("details").open = true;
      getSelection().selectAllChildren($("config"));
      say(document.execCommand("copy") ? "Copied." : "Selected: copy it with Ctrl-C.");
    }
  });
})();
