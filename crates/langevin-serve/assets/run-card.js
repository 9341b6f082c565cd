// run-card.js: one chosen run's samples over its training, its checkpoints and its settings.

import { address, get } from "./api.js";
import { el } from "./dom.js";
import { integer } from "./format.js";
import { Player } from "./player.js";

export class RunCard {
  constructor(run, colour) {
    this.name = run.name;
    this.image = el("img", { class: "pixels", alt: "", data: { test: "grid-image" } });
    this.image.addEventListener("load", () => this.image.classList.toggle("pixels", this.image.naturalWidth < 1200));
    const slider = el("div", { data: { test: "grid-player" } });
    this.grids = el("div", { class: "grids" }, el("div", { class: "grid-frame" }, this.image), slider);
    this.none = el("p", { class: "small", text: "No grids of samples yet." });
    this.links = el("nav", { class: "links", "aria-label": `Checkpoints of ${run.name} in the studio` });
    this.config = el("pre", { tabindex: "0", data: { test: "config" } });
    const settings = el("details", { data: { test: "config-details" } }, el("summary", { text: "Configuration" }), this.config);
    settings.addEventListener("toggle", () => settings.open && this.#readConfig());
    const report = el("a", { href: address(["runs", run.name, "report"]), download: "", text: "Report (HTML)", data: { test: "report" } });
    this.root = el("article", { class: "card run-card", data: { test: "run-card", run: run.name } },
      el("h2", { text: run.name }), this.grids, this.none, this.links, settings, el("p", { class: "small" }, report));
    this.root.style.setProperty("--run-colour", `var(${colour})`);
    this.steps = [];
    this.player = new Player(slider, { name: `grids of ${run.name} over training`, pause: 700, show: (index) => this.#show(index) });
    this.update(run);
  }

  update(run) {
    this.grids.hidden = run.grids.length === 0;
    this.none.hidden = !this.grids.hidden;
    if (run.grids.join() !== this.steps.join()) {
      this.steps = run.grids;
      this.player.resize(this.steps.length);
    }
    const marks = run.checkpoints.join("\n");
    if (marks === this.marks) return;
    this.marks = marks;
    this.links.hidden = run.checkpoints.length === 0;
    this.links.replaceChildren(el("span", { class: "small", text: "Open in the studio:" }), ...run.checkpoints.slice(-6).map((mark) =>
      el("a", { href: `/studio?model=${encodeURIComponent(`${run.name}/${mark}`)}`, text: mark.replace(/^step-0*(?=\d)/, "step ") })));
  }

  #show(index) {
    const step = this.steps[index];
    const source = address(["runs", this.name, "grids", String(step)]);
    if (this.image.getAttribute("src") !== source) this.image.src = source;
    this.image.alt = `Samples of ${this.name} after ${integer(step)} steps`;
    return `step ${integer(step)}`;
  }

  async #readConfig() {
    if (this.config.textContent) return;
    try {
      this.config.textContent = (await get(address(["runs", this.name]))).config;
    } catch (error) {
      this.config.textContent = error.message;
    }
  }
}
