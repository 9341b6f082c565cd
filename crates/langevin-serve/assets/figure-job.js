// figure-job.js: a form of the theory page that asks for a job, and shows its progress and its result.

import { $, say } from "./dom.js";
import { integer } from "./format.js";
import { JobSlot } from "./job.js";
import { keepForm } from "./memory.js";

export class FigureJob {
  /**
   * `name` is that of the form, the progress bar and the notice in the page; `body()` makes the request,
   * `done(result)` takes what came of it, `begun(again)` clears what was there.
   */
  constructor(memory, { name, path, kind, go, cancel, body, done, begun = () => {} }) {
    const form = $(`#${name}-form`);
    this.notice = $(`#${name}-notice`);
    this.bar = $(`#${name}-progress`);
    keepForm(form, memory);
    this.go = go;
    this.cancel = cancel;
    this.slot = new JobSlot(memory, kind, {
      begun: (_, again) => { begun(again); say(this.notice, ""); },
      frame: () => {},
      job: (job) => { this.#job(job); if (job.result) done(job.result, job); },
      trouble: (sentence) => { say(this.notice, sentence, "error"); this.#buttons(); },
      gone: (sentence) => { say(this.notice, sentence, "error"); this.bar.hidden = true; this.#buttons(); },
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (this.slot.busy) return;
      try {
        await this.slot.start(path, body(form));
      } catch (error) {
        say(this.notice, error.message, "error");
      }
      this.#buttons();
    });
    cancel.addEventListener("click", () => this.slot.cancel());
  }

  async resume() {
    await this.slot.resume();
    this.#buttons();
  }

  #job(job) {
    const going = job.state === "queued" || job.state === "running";
    this.bar.hidden = !going;
    this.bar.max = job.steps || 1;
    this.bar.value = job.step;
    if (job.state === "queued") say(this.notice, job.position > 0 ? `Waiting in the queue, ${integer(job.position)} before this.` : "Waiting in the queue.");
    else if (job.state === "failed") say(this.notice, job.error ?? "The job has failed.", "error");
    else say(this.notice, job.state === "cancelled" ? "Cancelled." : "");
    this.#buttons();
  }

  #buttons() {
    const { busy } = this.slot;
    this.go.setAttribute("aria-disabled", String(busy));
    if (!busy && document.activeElement === this.cancel) this.go.focus();
    this.cancel.hidden = !busy;
  }
}
