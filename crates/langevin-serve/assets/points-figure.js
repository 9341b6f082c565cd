// points-figure.js: points moving from noise to data, and the field that the network has learned.

import { address, get } from "./api.js";
import { $, afterPause, part, say, setOptions } from "./dom.js";
import { FigureJob } from "./figure-job.js";
import { integer } from "./format.js";
import { Player } from "./player.js";
import { Scatter } from "./scatter.js";

const CELLS = 24;
/** How many moments the slider has before points were moved. */
const MOMENTS = 50;

export class PointsFigure {
  constructor(memory, common) {
    Object.assign(this, { memory, common, model: null, moved: null, moments: [], fields: new Map() });
    this.root = $("#points");
    this.notice = $("#points-notice");
    this.arrows = $("#points-arrows");
    this.scatter = new Scatter($("#points-canvas"));
    this.player = new Player($("#points-player"), { name: "the moments, from noise to data", pause: 120, show: (index) => this.#show(index) });
    this.wantField = afterPause((t) => this.#readField(t), 60);
    this.arrows.addEventListener("change", () => this.player.go(this.player.index));
    this.job = new FigureJob(memory, {
      name: "points", path: "trajectories", kind: "trajectories", go: part(this.root, "points-go"), cancel: part(this.root, "points-cancel"),
      body: (form) => ({ ...common(), sampler: form.sampler.value, steps: Number(form.steps.value), count: Number(form.count.value), seed: 0 }),
      begun: (again) => { this.quiet = again; },
      done: (result, job) => this.#done(result, job),
    });
  }

  setSamplers(samplers) {
    setOptions($("#points-sampler"), samplers.map(({ name }) => ({ value: name, label: name })), this.memory.get("sampler", "ddim"));
  }

  setModel(model) {
    this.root.hidden = model?.kind !== "points";
    this.player.stop();
    if (model?.id !== this.movedBy) this.moved = null;
    this.model = model;
    this.fields.clear();
    if (this.root.hidden) return;
    if (!this.moved) this.moments = Array.from({ length: MOMENTS + 1 }, (_, at) => Math.round(model.timesteps * (1 - at / MOMENTS)));
    this.player.resize(this.moments.length);
    if (!this.moved) this.player.go(Math.round(MOMENTS / 2));
  }

  /** Forgets the fields: other weights have others. */
  anew() {
    this.fields.clear();
    if (!this.root.hidden) this.player.go(this.player.index);
  }

  /** Points that were just asked for move at once; after a refresh, or for who wants no motion, they stand at the end. */
  #done(result, job) {
    this.moved = result.points;
    this.movedBy = job.model;
    this.moments = result.t;
    if (this.root.hidden || this.model?.id !== job.model) return;
    this.player.resize(this.moments.length);
    this.player.go(this.moments.length - 1);
    if (this.quiet || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.player.go(0);
    this.player.play();
  }

  /** Field and points of one moment; a field that is not there yet is asked for, and the last one stays as long. */
  #show(index) {
    const t = Math.max(1, Math.round(this.moments[index]));
    if (this.arrows.checked) {
      if (this.fields.has(t)) this.field = this.fields.get(t);
      else this.wantField(t);
    }
    this.scatter.show(this.moved?.[index] ?? [], { field: this.arrows.checked ? this.field : null });
    this.scatter.canvas.dataset.moment = String(index);
    return `t = ${integer(this.moments[index])}${this.moved ? "" : "; the points are not moved yet"}`;
  }

  async #readField(t) {
    if (!this.model || this.root.hidden) return;
    const { fields } = this;
    const { weights } = this.common();
    try {
      const field = await get(address(["field"], { model: this.model.id, t, weights, cells: CELLS }));
      fields.set(t, field);
      if (Math.max(1, Math.round(this.moments[this.player.index])) !== t) return;
      this.field = field;
      this.scatter.canvas.dataset.field = String(t);
      this.scatter.show(this.scatter.points, { field: this.arrows.checked ? field : null });
    } catch (error) {
      say(this.notice, error.message, "error");
    }
  }
}
