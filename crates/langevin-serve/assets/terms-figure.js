// terms-figure.js: the variational bound of the model on its data, by parts and by timestep.

import { Chart } from "./chart.js";
import { $, el, part, write } from "./dom.js";
import { FigureJob } from "./figure-job.js";
import { number } from "./format.js";

const NAMES = { bits: "Lₜ", mse_eps: "error of ε̂", mse_x0: "error of x̂₀" };

export class TermsFigure {
  constructor(memory, common) {
    this.root = $("#bound");
    this.box = $("#bound-result");
    this.what = $("#bound-what");
    this.chart = new Chart($("#chart-terms"), { name: "Terms of the bound over t", x: "t =", height: 240 });
    this.what.addEventListener("change", () => this.#curve());
    this.job = new FigureJob(memory, {
      name: "bound", path: "terms", kind: "terms", go: part(this.root, "terms-go"), cancel: part(this.root, "terms-cancel"),
      body: (form) => ({ ...common(), count: Number(form.count.value), seed: 0 }),
      begun: () => { this.box.hidden = true; },
      done: (result, job) => this.#show(result, job),
    });
  }

  #show(result, job) {
    this.result = result;
    this.box.hidden = false;
    write(part(this.box, "terms-total"), `${result.total.toFixed(3)} ± ${number(result.standard_error)}`);
    const parts = [["L₀, the decoder", result.decoder], ["L₁ + L₂ + …, the steps", result.sum], ["the prior at T", result.prior]];
    const bar = el("div", { class: "parts-bar", "aria-hidden": "true" }, ...parts.map(([, bits], at) => {
      const piece = el("span", { class: `part-${at}` });
      piece.style.flexGrow = String(Math.max(0, bits));
      return piece;
    }));
    $("#bound-parts").replaceChildren(bar, el("ul", {}, ...parts.map(([name, bits], at) =>
      el("li", { class: `part-${at}` }, el("i", { class: "swatch" }), el("span", { text: `${name}: ${number(bits)}` })))),
    el("p", { class: "small", text: `${job.model}, mean of ${number(result.count)} of its data, with the standard error of the mean` }));
    this.#curve();
  }

  /** A group of timesteps has one value, drawn as a step from its first timestep to its last. */
  #curve() {
    if (!this.result) return;
    const { terms } = this.result;
    const key = this.what.value;
    const last = terms.at(-1);
    const xs = [...terms.map((term) => term.t), ...(last.to > last.t ? [last.to] : [])];
    const ys = [...terms.map((term) => term[key]), ...(last.to > last.t ? [last[key]] : [])];
    this.chart.show([{ label: NAMES[key], colour: "--run-1", xs, ys, steps: true }], { log: true });
  }
}
