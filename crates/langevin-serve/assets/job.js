// job.js: one job of the server's queue: asked for, followed through its events, found again after a refresh, cancelled.

import { address, get, post, Refusal, remove } from "./api.js";
import { Stream } from "./stream.js";

const ENDED = ["done", "cancelled", "failed"];

/**
 * The job of one place on a page. `view` is told what happens:
 * `job(job)` its state, `frame(frame)` a step's x_t and x̂_0, `trouble(sentence)` what went wrong ("" when it is over),
 * `begun(key, again)` that there is a new one (or, after a refresh, an old one again), `gone(sentence)` that there is none any more.
 * An old job must be of the right `kind`; `key` tells it from every other, on every server.
 */
export class JobSlot {
  constructor(memory, kind, view) {
    Object.assign(this, { memory, kind, view, id: null, stream: null, busy: false });
  }

  async start(path, body) {
    if (this.busy) return;
    this.busy = true;
    this.view.trouble("");
    try {
      const { id } = await post(address([path]), body);
      this.memory.set("job", id);
      this.memory.set("begun", Date.now());
      this.#follow(id, false);
    } catch (error) {
      this.busy = false;
      this.view.trouble(error.message);
    }
  }

  /** After a refresh: the job that this place had, running or ended. The server forgets ended jobs after a while. */
  async resume() {
    const id = this.memory.get("job");
    if (!id) return;
    this.busy = true;
    try {
      const job = await get(address(["jobs", id]));
      if (job.kind !== this.kind) throw new Refusal("", 404);
      this.#follow(id, true, ENDED.includes(job.state));
      this.#take(job);
    } catch (error) {
      this.busy = false;
      if (error.status === 404) this.memory.set("job", null);
      else this.view.trouble(error.message);
    }
  }

  async cancel() {
    if (!this.id) return;
    try {
      this.#take(await remove(address(["jobs", this.id])));
    } catch (error) {
      this.view.trouble(error.message);
    }
  }

  #follow(id, again, ended = false) {
    this.stream?.close();
    this.id = id;
    this.view.begun(`${id}@${this.memory.get("begun")}`, again);
    if (ended) return;
    this.stream = new Stream(() => address(["jobs", id, "events"]), {
      job: (job) => this.#take(job),
      frame: (frame) => this.view.frame(frame),
    }, {
      lost: () => this.#lost(id),
      back: () => this.view.trouble(""),
    });
  }

  #take(job) {
    if (job.id !== this.id) return;
    const ended = ENDED.includes(job.state);
    this.busy = !ended;
    if (ended) this.stream?.close();
    this.view.job(job);
  }

  /** A broken stream is opened again by itself; a job that the server no longer knows is not. */
  async #lost(id) {
    this.view.trouble("The connection to the server is lost; trying again.");
    try {
      const job = await get(address(["jobs", id]));
      if (ENDED.includes(job.state)) {
        this.view.trouble("");
        this.#take(job);
      }
    } catch (error) {
      if (error.status !== 404 || id !== this.id) return;
      this.stream.close();
      this.busy = false;
      this.memory.set("job", null);
      this.view.gone("The server no longer knows this job; it was started anew, or has forgotten it.");
    }
  }
}
