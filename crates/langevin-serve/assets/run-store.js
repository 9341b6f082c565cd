// run-store.js: the metrics of one run, read once and then followed as they are written.

import { address, get } from "./api.js";
import { Stream } from "./stream.js";

/** Lines of metrics.jsonl in the order of their steps; `changed` is called when there are more, `summary` when the run itself has news. */
export class RunStore {
  constructor(name, { changed, summary, failed }) {
    Object.assign(this, { name, changed, summary, failed, lines: [], columns: new Map(), stream: null, reading: null });
  }

  get step() {
    return this.lines.at(-1)?.step ?? 0;
  }

  /** `[steps, values]` of one metric, where it was measured; the same arrays as long as nothing is new. */
  column(key, pick = (line) => line[key]) {
    if (!this.columns.has(key)) {
      const lines = this.lines.filter((line) => Number.isFinite(pick(line)));
      this.columns.set(key, [lines.map((line) => line.step), lines.map(pick)]);
    }
    return this.columns.get(key);
  }

  /** Reads what is new. A run whose steps have gone back was resumed from an earlier checkpoint, and is read from its start. */
  async read(latest = Infinity) {
    if (this.reading) return this.reading;
    if (latest < this.step) this.#clear();
    this.reading = get(address(["runs", this.name, "metrics"], { after: this.step || undefined }))
      .then(({ lines }) => this.#take(lines))
      .catch((error) => this.failed(error))
      .finally(() => (this.reading = null));
    return this.reading;
  }

  /** Follows a run that trains. Streams are few in a browser, so only those that are looked at have one. */
  async follow() {
    if (this.stream || this.following) return;
    this.following = true;
    await this.read();
    if (!this.following) return;
    this.stream = new Stream(() => address(["runs", this.name, "events"], { after: this.step || undefined }), {
      metrics: (line) => this.#take([line]),
      run: (summary) => this.summary(summary),
      reset: () => this.#clear(),
    });
  }

  leave() {
    this.following = false;
    this.stream?.close();
    this.stream = null;
  }

  #clear() {
    this.lines = [];
    this.columns.clear();
    this.changed();
  }

  #take(lines) {
    const fresh = lines.filter((line) => line.step > this.step);
    if (fresh.length === 0) return;
    this.lines.push(...fresh);
    this.columns.clear();
    this.changed();
  }
}

/** An exponential moving average that is not drawn towards 0 at its start. */
export function smooth(values, keep) {
  if (keep === 0) return values;
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}
