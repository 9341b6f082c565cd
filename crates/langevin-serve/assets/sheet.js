// sheet.js: the samples of one moment, pictures side by side or points of the plane, in a frame of their own.

import { el } from "./dom.js";
import { Scatter } from "./scatter.js";

/** Below this magnification the lines between the samples would hide too much of them. */
const LINES_FROM = 4;

export class Sheet {
  constructor(root, { name, test }) {
    this.name = name;
    this.image = el("img", { class: "pixels", alt: "", hidden: true, data: { test: `${test}-image` } });
    this.lines = el("div", { class: "sheet-lines", "aria-hidden": "true" });
    this.canvas = el("canvas", { hidden: true, role: "img", data: { test: `${test}-points` } });
    this.frame = el("div", { class: "sheet-frame" }, this.image, this.lines, this.canvas);
    root.classList.add("sheet");
    root.prepend(this.frame);
    this.scatter = new Scatter(this.canvas);
    this.image.addEventListener("load", () => this.#fit());
    new ResizeObserver(() => this.#fit()).observe(root);
  }

  /** `content` is the address of a picture that holds `count` samples close together, or a list of points. */
  show(content, { columns = 1, count = 1, words = "" } = {}) {
    const points = Array.isArray(content);
    this.image.hidden = points;
    this.lines.hidden = points;
    this.canvas.hidden = !points;
    if (points) {
      this.canvas.setAttribute("aria-label", `${this.name}: ${content.length} points${words ? `, ${words}` : ""}`);
      this.scatter.show(content);
      return;
    }
    this.columns = columns;
    this.rows = Math.ceil(count / columns);
    this.image.src = content;
    this.image.alt = `${this.name}${words ? `, ${words}` : ""}`;
  }

  /** Magnified by a whole number, so that all pixels are of one size; larger pictures fill the width. */
  #fit() {
    const [room, natural] = [this.frame.parentElement.clientWidth, this.image.naturalWidth];
    if (!room || !natural) return;
    const tall = Math.max(240, 0.7 * innerHeight);
    const times = Math.floor(Math.min(room / natural, tall / this.image.naturalHeight));
    this.image.style.width = times >= 2 ? `${times * natural}px` : "auto";
    this.image.classList.toggle("pixels", times >= 2);
    this.lines.hidden = times < LINES_FROM || this.columns * this.rows === 1;
    this.lines.style.setProperty("--columns", this.columns);
    this.lines.style.setProperty("--rows", this.rows);
  }
}
