// run-curves.js: the curves of the chosen runs, over each other.

import { Chart } from "./chart.js";
import { $, eachFrame } from "./dom.js";
import { smooth } from "./run-store.js";

const QUARTERS = ["cleanest quarter", "second quarter", "third quarter", "noisiest quarter"];
/** Runs beyond the first are told apart by their strokes where the colours are taken by something else. */
const STROKES = [undefined, [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

/** Loss and its quarters can have a logarithmic axis; what is measured seldom is drawn with points and not smoothed. */
const CHARTS = [
  { id: "chart-loss", key: "loss", name: "Loss", smooth: true, raw: true, log: true },
  { id: "chart-grad-norm", key: "grad_norm", name: "Gradient norm", smooth: true, raw: true },
  { id: "chart-speed", key: "images_per_second", name: "Speed in samples per second", smooth: true },
  { id: "chart-holdout-loss", key: "holdout_loss", name: "Held-out loss", log: true, optional: true },
  { id: "chart-frechet", key: "frechet", name: "Fréchet distance", optional: true },
  { id: "chart-nll", key: "nll", name: "Negative log-likelihood", optional: true },
  { id: "chart-vlb", key: "vlb", name: "Variational bound", smooth: true, log: true, optional: true },
];

export class RunCurves {
  /** `chosen()` gives the runs to draw as `{ store, colour }`, `settings()` the smoothing and whether the axis is logarithmic. */
  constructor(root, chosen, settings) {
    Object.assign(this, { root, chosen, settings });
    const make = (id, name) => new Chart($(`#${id}`, root), { name, sync: "runs" });
    this.charts = CHARTS.map((kind) => ({ ...kind, chart: make(kind.id, kind.name) }));
    this.quarters = make("chart-quarters", "Loss by quarter of the timesteps");
    this.draw = eachFrame(() => this.#draw());
  }

  #draw() {
    const runs = this.chosen();
    const { smoothing, log } = this.settings();
    this.root.hidden = runs.length === 0;
    if (runs.length === 0) return;
    for (const kind of this.charts) {
      const curves = runs.flatMap(({ store, colour }) => this.#curves(kind, store, colour, smoothing));
      if (kind.optional) kind.chart.container.closest("figure").hidden = curves.every((curve) => curve.ys.length === 0);
      kind.chart.show(curves, { log: log && kind.log });
    }
    const quarters = runs.flatMap(({ store }, at) => QUARTERS.map((label, quarter) => {
      const [xs, ys] = store.column(`quarter ${quarter}`, (line) => line.loss_quarters?.[quarter]);
      return { label: runs.length > 1 ? `${label}, ${store.name}` : label, colour: `--quarter-${quarter + 1}`, dash: STROKES[at], xs, ys: smooth(ys, smoothing) };
    }));
    this.quarters.show(quarters, { log });
  }

  #curves(kind, store, colour, smoothing) {
    const [xs, ys] = store.column(kind.key);
    const curve = { label: store.name, colour, xs, ys: kind.smooth ? smooth(ys, smoothing) : ys, points: kind.optional && xs.length < 200 };
    if (!kind.raw || smoothing === 0) return [curve];
    return [{ label: store.name, colour, xs, ys, faint: true }, curve];
  }
}
