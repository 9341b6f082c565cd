// mask.js: a mask painted over a magnified picture, by mouse, touch and keyboard.

import { el, write } from "./dom.js";
import { colour, faint, onTheme } from "./theme.js";

/** The canvas is about this many pixels wide; each of the picture's is a whole number of them. */
const SHOWN = 480;

export class Mask {
  /** `tools()` gives `{ size, erase }`; `changed()` is called after every stroke; `place` is where the cursor is told. */
  constructor(canvas, place, tools, changed) {
    Object.assign(this, { canvas, place, tools, changed, cells: new Uint8Array(0), width: 0, height: 0, cursor: [0, 0], picture: null });
    canvas.tabIndex = 0;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.last && this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { if (this.last) this.changed(); this.last = null; });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
    onTheme(() => this.draw());
  }

  /** A picture to paint over; the mask stays if the size does. */
  over(image) {
    this.picture = image;
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    if (width !== this.width || height !== this.height) {
      Object.assign(this, { width, height, cells: new Uint8Array(width * height), cursor: [width >> 1, height >> 1] });
      this.scale = Math.max(1, Math.floor(SHOWN / Math.max(width, height)));
      this.canvas.width = width * this.scale;
      this.canvas.height = height * this.scale;
    }
    this.draw();
  }

  get empty() {
    return !this.cells.some((cell) => cell === 1);
  }

  clear() {
    this.cells.fill(0);
    this.#changed();
  }

  invert() {
    this.cells.forEach((cell, at) => (this.cells[at] = 1 - cell));
    this.#changed();
  }

  /** The mask as a PNG's data URL at the picture's size: white is to be filled in, black stays. */
  png() {
    const canvas = el("canvas", { width: this.width, height: this.height });
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#fff";
    this.cells.forEach((cell, at) => cell && context.fillRect(at % this.width, Math.floor(at / this.width), 1, 1));
    return canvas.toDataURL("image/png");
  }

  /** Takes back a mask that `png` has given; one of another size is left. */
  restore(image) {
    if (image.naturalWidth !== this.width || image.naturalHeight !== this.height) return;
    const context = el("canvas", { width: this.width, height: this.height }).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, this.width, this.height);
    this.cells.forEach((_, at) => (this.cells[at] = data[4 * at] > 127 ? 1 : 0));
    this.draw();
  }

  draw() {
    if (!this.picture) return;
    const { canvas, scale, width, height } = this;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, 0, 0, canvas.width, canvas.height);
    context.fillStyle = faint(colour("--mask"), 0.72);
    this.cells.forEach((cell, at) => cell && context.fillRect((at % width) * scale, Math.floor(at / width) * scale, scale, scale));
    if (document.activeElement === canvas && !this.last) this.#drawCursor(context);
    canvas.dataset.painted = String(this.cells.reduce((sum, cell) => sum + cell, 0));
    canvas.dataset.size = `${width}x${height}`;
  }

  /** A frame of two colours about what the brush would paint: seen on dark and on light. */
  #drawCursor(context) {
    const size = this.tools().size;
    const [x, y] = this.cursor.map((at) => (at - ((size - 1) >> 1)) * this.scale);
    for (const [style, width] of [["#000", 4], ["#fff", 2]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.strokeRect(x, y, size * this.scale, size * this.scale);
    }
  }

  /** A brush of size 1 is a cell, of 2 a square of four, and larger ones are round. */
  #dab([x, y], value) {
    const { size } = this.tools();
    const low = (size - 1) >> 1;
    const middle = (size - 1) / 2;
    for (let j = 0; j < size; j += 1) {
      for (let i = 0; i < size; i += 1) {
        const [column, row] = [x - low + i, y - low + j];
        const inside = size < 3 || Math.hypot(i - middle, j - middle) <= size / 2;
        if (inside && column >= 0 && row >= 0 && column < this.width && row < this.height) this.cells[row * this.width + column] = value;
      }
    }
  }

  #cell(event) {
    const box = this.canvas.getBoundingClientRect();
    return [Math.floor(((event.clientX - box.left) / box.width) * this.width), Math.floor(((event.clientY - box.top) / box.height) * this.height)];
  }

  #down(event) {
    if (!this.picture || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.#cell(event);
    this.#drag(event);
  }

  /** A dab in every cell on the way from the last place, so that a fast hand leaves no gaps. */
  #drag(event) {
    const to = this.#cell(event);
    const from = this.last;
    const steps = Math.max(1, Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    const value = this.tools().erase ? 0 : 1;
    for (let step = 0; step <= steps; step += 1) this.#dab(from.map((at, axis) => Math.round(at + ((to[axis] - at) * step) / steps)), value);
    this.last = to;
    this.cursor = [Math.min(this.width - 1, Math.max(0, to[0])), Math.min(this.height - 1, Math.max(0, to[1]))];
    this.draw();
  }

  #key(event) {
    if (!this.picture) return;
    const far = event.shiftKey ? 5 : 1;
    const move = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
    if (move) {
      const ends = [this.width - 1, this.height - 1];
      this.cursor = this.cursor.map((at, axis) => Math.min(ends[axis], Math.max(0, at + move[axis])));
    } else if (event.key === " " || event.key === "Delete" || event.key === "Backspace") {
      this.#dab(this.cursor, event.key !== " " || this.tools().erase ? 0 : 1);
      this.changed();
    } else {
      return;
    }
    event.preventDefault();
    this.draw();
    const [x, y] = this.cursor;
    write(this.place, `row ${y + 1}, column ${x + 1}: ${this.cells[y * this.width + x] ? "to be filled in" : "stays"}`);
  }

  #changed() {
    this.draw();
    this.changed();
  }
}
