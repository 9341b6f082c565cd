// scatter.js: points of the plane, and fields of arrows, on a canvas.

import { colour, faint, onTheme, sharpen } from "./theme.js";

/** A square canvas that shows [−range, range]² and draws itself again when its size or the theme changes. */
export class Scatter {
  constructor(canvas, { range = 3 } = {}) {
    Object.assign(this, { canvas, range, points: [], field: null, line: false, mark: -1 });
    canvas.classList.add("scatter");
    new ResizeObserver(() => this.draw()).observe(canvas);
    onTheme(() => this.draw());
  }

  /** `line` joins the points in their order, `mark` is the index of one that stands out. */
  show(points, { line = false, mark = -1, field = null } = {}) {
    Object.assign(this, { points, line, mark, field });
    this.canvas.dataset.points = String(points.length);
    this.draw();
  }

  draw() {
    const side = this.canvas.clientWidth;
    if (side === 0) return;
    const context = sharpen(this.canvas, side, side);
    const place = (value, turn = 1) => side / 2 + (turn * value * side) / (2 * this.range);
    this.#axes(context, side, place);
    if (this.field) this.#arrows(context, side, place);
    context.fillStyle = faint(colour("--accent"), this.points.length > 600 ? 0.45 : 0.7);
    const radius = Math.max(1.2, Math.min(2.6, side / 180));
    if (this.line) this.#path(context, place);
    this.points.forEach(([x, y], index) => {
      context.beginPath();
      context.arc(place(x), place(y, -1), index === this.mark ? 3 * radius : radius, 0, 2 * Math.PI);
      context.fill();
    });
  }

  #axes(context, side, place) {
    context.strokeStyle = colour("--hairline");
    context.lineWidth = 1;
    context.beginPath();
    for (let at = Math.ceil(-this.range); at <= this.range; at += 1) {
      const line = Math.round(place(at)) + 0.5;
      context.moveTo(line, 0);
      context.lineTo(line, side);
      context.moveTo(0, line);
      context.lineTo(side, line);
    }
    context.stroke();
  }

  #path(context, place) {
    context.strokeStyle = faint(colour("--accent"), 0.5);
    context.beginPath();
    for (const [x, y] of this.points) context.lineTo(place(x), place(y, -1));
    context.stroke();
  }

  /** Arrows point where the field does; the longest tenth are drawn as long as a cell, the others in proportion. */
  #arrows(context, side, place) {
    const { x, y, u, v } = this.field;
    const sizes = u.map((one, at) => Math.hypot(one, v[at]));
    const full = [...sizes].sort((a, b) => a - b)[Math.floor(0.9 * sizes.length)] || 1;
    const cell = (side * (this.field.range[1] - this.field.range[0])) / (2 * this.range * Math.sqrt(x.length));
    context.strokeStyle = faint(colour("--muted"), 0.75);
    context.lineWidth = 1;
    context.beginPath();
    x.forEach((_, at) => {
      if (!(sizes[at] > 0)) return;
      const length = 0.95 * cell * Math.min(1, sizes[at] / full);
      const [dx, dy] = [(u[at] / sizes[at]) * length, (-v[at] / sizes[at]) * length];
      const [fromX, fromY] = [place(x[at]) - dx / 2, place(y[at], -1) - dy / 2];
      const [toX, toY] = [fromX + dx, fromY + dy];
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
      const [hx, hy] = [0.35 * dx, 0.35 * dy];
      context.moveTo(toX - hx + 0.6 * hy, toY - hy - 0.6 * hx);
      context.lineTo(toX, toY);
      context.lineTo(toX - hx - 0.6 * hy, toY - hy + 0.6 * hx);
    });
    context.stroke();
  }
}
