// studio-cells.js: a mask as such: which pixels of a picture are to be drawn anew.

/** A mask of `width` by `height` pixels; in `cells`, row by row, a 1 is drawn anew. */
export class Cells {
  constructor(width, height, cells = new Uint8Array(width * height)) {
    Object.assign(this, { width, height, cells });
  }

  /** Reads a mask's picture back. */
  static from(bitmap) {
    const { width, height } = bitmap;
    const context = paper(width, height);
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return new Cells(width, height, Uint8Array.from({ length: width * height }, (_, at) => (data[4 * at] > 0 ? 1 : 0)));
  }

  get empty() {
    return !this.cells.includes(1);
  }

  has(x, y) {
    return this.cells[y * this.width + x] === 1;
  }

  /** Replaces every cell by what `of` makes of it. */
  all(of) {
    this.cells = this.cells.map(of);
  }

  /** The same mask for a picture of another size. */
  stretched(width, height) {
    const near = (at, size, own) => Math.floor((at * own) / size);
    return new Cells(width, height, Uint8Array.from({ length: width * height }, (_, at) =>
      (this.has(near(at % width, width, this.width), near(Math.floor(at / width), height, this.height)) ? 1 : 0)));
  }

  /** Draws a line with a round brush of `size` pixels. */
  stroke(from, to, size, value) {
    const pieces = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let piece = 0; piece <= pieces; piece += 1) {
      this.#dab(...from.map((start, at) => start + ((to[at] - start) * piece) / pieces), size, value);
    }
  }

  #dab(x, y, size, value) {
    // Brushes of even sizes lie on the pixels' corners, those of odd ones on their middles.
    const middle = (at) => (size % 2 === 1 ? Math.floor(at) + 0.5 : Math.round(at));
    const [midX, midY, reach] = [middle(x), middle(y), size / 2];
    for (let row = Math.max(0, Math.floor(midY - reach)); row < Math.min(this.height, midY + reach); row += 1) {
      for (let column = Math.max(0, Math.floor(midX - reach)); column < Math.min(this.width, midX + reach); column += 1) {
        if (Math.hypot(column + 0.5 - midX, row + 0.5 - midY) <= reach) this.cells[row * this.width + column] = value;
      }
    }
  }

  /** The mask as a PNG: white is drawn anew. */
  uri() {
    const context = paper(this.width, this.height);
    const image = context.createImageData(this.width, this.height);
    this.cells.forEach((cell, at) => image.data.set([255 * cell, 255 * cell, 255 * cell, 255], 4 * at));
    context.putImageData(image, 0, 0);
    return context.canvas.toDataURL("image/png");
  }
}

function paper(width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  return canvas.getContext("2d", { alpha: false, willReadFrequently: true });
}
