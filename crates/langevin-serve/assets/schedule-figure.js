// schedule-figure.js: β, ᾱ, the signal-to-noise ratio and the posterior's variance, the model's own against another schedule's.

import { address, get } from "./api.js";
import { Chart } from "./chart.js";
import { $, afterPause, say } from "./dom.js";
import { keepForm } from "./memory.js";

const CURVES = [
  { id: "chart-beta", key: "beta", name: "β" },
  { id: "chart-alpha-bar", key: "alpha_bar", name: "ᾱ" },
  { id: "chart-snr", key: "snr", name: "SNR", log: true },
  { id: "chart-posterior", key: "posterior_variance", name: "β̃" },
];

export class ScheduleFigure {
  /** `changed(figure)` is called whenever the schedules are others. */
  constructor(memory, changed) {
    Object.assign(this, { changed, own: null, other: null, model: null, asked: 0 });
    this.form = $("#schedule-form");
    this.notice = $("#schedule-notice");
    this.charts = CURVES.map((curve) => ({ ...curve, chart: new Chart($(`#${curve.id}`), { name: curve.name, x: "t =", height: 200, sync: "schedule" }) }));
    keepForm(this.form, memory);
    this.form.addEventListener("input", afterPause(() => this.read(), 200));
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** The one that the other figures go by: the chosen one, or else the model's own. */
  get current() {
    return this.other ?? this.own;
  }

  /** What the server needs to know to follow it. */
  get request() {
    if (this.other) return { schedule: this.form.kind.value, timesteps: this.other.timesteps };
    return this.model ? { model: this.model.id } : { schedule: "linear", timesteps: 1000 };
  }

  async setModel(model) {
    this.model = model;
    const none = this.form.kind.options[0];
    none.disabled = !model;
    if (!model && !this.form.kind.value) this.form.kind.value = "linear";
    await this.read();
  }

  async read() {
    this.asked += 1;
    const asked = this.asked;
    const kind = this.form.kind.value;
    const timesteps = Number(this.form.timesteps.value);
    this.form.timesteps.disabled = !kind;
    try {
      const [own, other] = await Promise.all([
        this.model ? get(address(["schedule"], { model: this.model.id })) : null,
        kind ? get(address(["schedule"], { schedule: kind, timesteps })) : null,
      ]);
      if (asked !== this.asked) return;
      Object.assign(this, { own, other });
      say(this.notice, "");
      this.#draw();
      this.changed(this);
    } catch (error) {
      if (asked === this.asked) say(this.notice, error.message, "error");
    }
  }

  #draw() {
    for (const { chart, key, name, log } of this.charts) {
      const curve = (schedule, label, colour, dash) => ({ label: `${name}, ${label}`, colour, dash, xs: schedule.t, ys: schedule[key] });
      const curves = [];
      if (this.own) curves.push(curve(this.own, `this model (${this.own.schedule}, T = ${this.own.timesteps})`, "--run-1"));
      if (this.other) curves.push(curve(this.other, `${this.other.schedule}, T = ${this.other.timesteps}`, "--run-2", this.own ? [6, 4] : undefined));
      chart.show(curves, { log });
    }
  }
}

/** ᾱ_t of a schedule; where it was thinned, between its neighbours. */
export function alphaBar(schedule, t) {
  if (t <= 0) return 1;
  const { t: moments, alpha_bar: values } = schedule;
  const after = moments.findIndex((moment) => moment >= t);
  if (after < 0) return values.at(-1);
  if (moments[after] === t || after === 0) return values[after];
  const share = (t - moments[after - 1]) / (moments[after] - moments[after - 1]);
  return values[after - 1] + share * (values[after] - values[after - 1]);
}
