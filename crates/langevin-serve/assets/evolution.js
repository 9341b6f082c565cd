// evolution.js: x_t and x̂_0 side by side, step by step, and a scrubber through the frames that have come.

import { part } from "./dom.js";
import { number } from "./format.js";
import { forgetFrames, keepFrame, keptFrames } from "./frames.js";
import { Player } from "./player.js";
import { Sheet } from "./sheet.js";

export class Evolution {
  constructor(root) {
    this.root = root;
    this.now = new Sheet(part(root, "x"), { name: "x_t", test: "x" });
    this.guess = new Sheet(part(root, "x0"), { name: "x̂_0", test: "x0" });
    this.player = new Player(part(root, "frames"), { name: "the frames so far", pause: 120, show: (index) => this.#show(this.frames[index]) });
    this.frames = [];
    this.job = null;
  }

  /** Begins with the frames of a job: none of a new one, the kept ones of an old one. */
  async begin(job, again) {
    if (!again) forgetFrames(this.job);
    this.job = job;
    this.frames = [];
    this.player.stop();
    this.root.hidden = true;
    if (!again) return;
    const kept = await keptFrames(job);
    if (this.job !== job) return;
    const steps = new Set(this.frames.map((frame) => frame.step));
    this.frames = [...kept.filter((frame) => !steps.has(frame.step)), ...this.frames].sort((a, b) => a.step - b.step);
    this.#grown();
  }

  add(frame) {
    if (frame.step <= (this.frames.at(-1)?.step ?? -1)) return;
    this.frames.push(frame);
    keepFrame(this.job, frame);
    this.#grown();
  }

  #grown() {
    this.root.hidden = this.frames.length === 0;
    if (this.frames.length > 0) this.player.resize(this.frames.length);
    this.root.dataset.frames = String(this.frames.length);
  }

  #show(frame) {
    const words = `step ${frame.step} of ${frame.steps}, t = ${number(frame.t)}`;
    this.now.show(frame.x, { ...frame, words });
    this.guess.show(frame.x0, { ...frame, words });
    return words;
  }
}
