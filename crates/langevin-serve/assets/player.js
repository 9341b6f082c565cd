// player.js: a slider through moments with a button that plays them.

import { el } from "./dom.js";

const PLAY = "M5 3.5v9l7.5-4.5z";
const PAUSE = "M5.5 3.5v9M10.5 3.5v9";

/** Plays through `count` moments; `show(index)` draws one and gives the words for where it stands. */
export class Player {
  constructor(root, { name, show, pause = 500 }) {
    Object.assign(this, { root, show, pause, count: 0 });
    this.path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawing.setAttribute("viewBox", "0 0 16 16");
    drawing.setAttribute("aria-hidden", "true");
    drawing.append(this.path);
    this.button = el("button", { type: "button", class: "icon", data: { test: "play" }, on: { click: () => (this.timer ? this.stop() : this.play()) } }, drawing);
    this.slider = el("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": name, data: { test: "moment" }, on: { input: () => { this.stop(); this.#draw(); } } });
    this.words = el("output", { data: { test: "moment-text" } });
    this.name = name;
    root.classList.add("player");
    root.append(this.button, this.slider, this.words);
    this.stop();
  }

  get index() {
    return Number(this.slider.value);
  }

  /** Takes over how many moments there are; stays at the last one if it stood there, else where it was. */
  resize(count) {
    const atEnd = this.index >= this.count - 1;
    this.count = count;
    this.slider.max = String(Math.max(0, count - 1));
    this.slider.disabled = this.button.disabled = count < 2;
    this.go(atEnd && !this.timer ? count - 1 : Math.min(this.index, count - 1));
  }

  go(index) {
    this.slider.value = String(Math.max(0, index));
    this.#draw();
  }

  play() {
    if (this.index >= this.count - 1) this.go(0);
    this.timer = setInterval(() => {
      if (!this.root.isConnected || this.index >= this.count - 1) this.stop();
      else this.go(this.index + 1);
    }, this.pause);
    this.#face(PAUSE, "Pause");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.#face(PLAY, "Play");
  }

  #face(path, verb) {
    this.path.setAttribute("d", path);
    this.button.setAttribute("aria-label", `${verb}: ${this.name}`);
  }

  #draw() {
    const words = this.count > 0 ? this.show(this.index) : "";
    this.words.textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
  }
}
