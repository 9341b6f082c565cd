// forward-figure.js: x_0 turning to noise, a picture of the reader's or of the data, or the data's points.

import { address, get, post } from "./api.js";
import { $, afterPause, eachFrame, el, say, write } from "./dom.js";
import { integer } from "./format.js";
import { normals } from "./noise.js";
import { PictureInput } from "./picture.js";
import { Scatter } from "./scatter.js";
import { alphaBar } from "./schedule-figure.js";

const MOMENTS = 9;
const POINTS = 600;

export class ForwardFigure {
  constructor(memory, schedule) {
    Object.assign(this, { memory, schedule, points: null, waiting: null, busy: false });
    this.slider = $("#forward-t");
    this.seed = $("#forward-seed");
    this.notice = $("#forward-notice");
    this.now = $("#forward-now");
    this.strip = $("#forward-strip");
    this.image = el("img", { class: "pixels", alt: "", hidden: true, data: { test: "forward-image" } });
    this.canvas = el("canvas", { hidden: true, role: "img", data: { test: "forward-points" } });
    this.now.append(this.image, this.canvas);
    this.scatter = new Scatter(this.canvas);
    this.cells = Array.from({ length: MOMENTS }, () => this.#cell());
    this.strip.append(...this.cells.map((cell) => cell.root));
    this.picture = new PictureInput($("#forward-picture"), memory, { changed: () => this.draw() });
    this.slider.value = memory.get("t", "250");
    this.seed.value = memory.get("seed", "0");
    const moved = eachFrame(() => this.#now());
    this.slider.addEventListener("input", () => { memory.set("t", this.slider.value); moved(); });
    this.seed.addEventListener("input", afterPause(() => { memory.set("seed", this.seed.value); this.draw(); }, 250));
  }

  async setModel(model) {
    this.points = null;
    if (model?.kind === "points") {
      const data = await get(address(["data"], { model: model.id, count: POINTS }));
      if (data.kind === "points") this.points = data.points;
    }
    $("#forward-picture").hidden = this.points !== null;
    await this.picture.model(model, null);
    if (model?.kind === "pictures") await this.picture.begin();
    this.draw();
  }

  /** Everything anew: another picture, schedule or seed. */
  draw() {
    const schedule = this.schedule.current;
    if (!schedule) return;
    const T = schedule.timesteps;
    this.slider.max = String(T);
    this.slider.value = this.memory.get("t", String(Math.round(T / 4)));
    this.moments = Array.from({ length: MOMENTS }, (_, at) => Math.round((at * T) / (MOMENTS - 1)));
    this.cells.forEach((cell, at) => {
      write(cell.words, `t = ${integer(this.moments[at])}`);
      cell.image.hidden = this.points !== null;
      cell.canvas.hidden = this.points === null;
      if (this.points) cell.scatter.show(this.#mixed(this.moments[at]));
    });
    this.strip.hidden = !this.points && !this.picture.value;
    if (!this.points && this.picture.value) this.#fill();
    this.#now();
  }

  async #fill() {
    const { moments } = this;
    const frames = await this.#ask(moments);
    if (!frames || moments !== this.moments) return;
    frames.forEach((frame, at) => {
      this.cells[at].image.src = frame.png;
      this.cells[at].image.alt = `x_t at t = ${frame.t}`;
    });
    this.strip.dataset.frames = String(frames.length);
  }

  /** The moment of the slider: its numbers at once, its picture as soon as the server has it. */
  #now() {
    const schedule = this.schedule.current;
    if (!schedule) return;
    const t = Number(this.slider.value);
    const kept = alphaBar(schedule, t);
    write($("#forward-t-text"), `t = ${integer(t)} of ${integer(schedule.timesteps)}`);
    write($("#forward-sub"), String(t));
    write($("#forward-signal"), Math.sqrt(kept).toFixed(4));
    write($("#forward-noise"), Math.sqrt(1 - kept).toFixed(4));
    this.slider.setAttribute("aria-valuetext", `t = ${t}, root of alpha bar ${Math.sqrt(kept).toFixed(3)}`);
    this.cells.forEach((cell, at) => cell.root.firstChild.setAttribute("aria-pressed", String(this.moments?.[at] === t)));
    this.canvas.hidden = this.points === null;
    this.image.hidden = this.points !== null || !this.picture.value;
    if (this.points) {
      say(this.notice, "");
      this.canvas.setAttribute("aria-label", `The data's points with the noise of t = ${t}`);
      this.scatter.show(this.#mixed(t));
    } else if (this.picture.value) {
      this.#latest(t);
    } else {
      say(this.notice, "Drop a picture to see it turn to noise.");
    }
  }

  /** One request at a time; of those that come meanwhile only the latest counts. */
  async #latest(t) {
    this.waiting = t;
    if (this.busy) return;
    this.busy = true;
    while (this.waiting !== null) {
      const wanted = this.waiting;
      this.waiting = null;
      const frames = await this.#ask([wanted]);
      if (!frames) break;
      this.image.src = frames[0].png;
      this.image.alt = `x_t at t = ${frames[0].t}`;
      this.image.dataset.t = String(frames[0].t);
      this.image.hidden = this.points !== null;
      await this.image.decode().catch(() => {});
      this.image.classList.toggle("pixels", this.image.naturalWidth < 192);
    }
    this.busy = false;
  }

  async #ask(t) {
    try {
      const { frames } = await post(address(["diffuse"]), { picture: this.picture.value, ...this.schedule.request, t, seed: Number(this.seed.value) || 0 });
      say(this.notice, "");
      return frames;
    } catch (error) {
      say(this.notice, error.message, "error");
      return null;
    }
  }

  /** The points with the noise of t: the same draw of ε at each t. */
  #mixed(t) {
    const kept = alphaBar(this.schedule.current, t);
    const next = normals(Number(this.seed.value) || 0);
    return this.points.map((point) => point.map((value) => Math.sqrt(kept) * value + Math.sqrt(1 - kept) * next()));
  }

  #cell() {
    const image = el("img", { class: "pixels", alt: "" });
    const canvas = el("canvas", { hidden: true, role: "img", "aria-hidden": "true" });
    const words = el("span");
    const cell = { image, canvas, words, scatter: new Scatter(canvas) };
    cell.root = el("li", {}, el("button", { type: "button", on: { click: () => {
      this.slider.value = String(this.moments[this.cells.indexOf(cell)]);
      this.slider.dispatchEvent(new Event("input"));
    } } }, image, canvas, words));
    return cell;
  }
}
