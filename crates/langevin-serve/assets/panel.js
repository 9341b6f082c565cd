// panel.js: one tab of the studio: its form, the job that the form asks for, and what comes of it.

import { part, say } from "./dom.js";
import { JobSlot } from "./job.js";
import { keepForm, Memory } from "./memory.js";
import { Output } from "./output.js";

export class Panel {
  /**
   * `path` is where its jobs are asked for, `kind` what the server calls them; `common()` gives the model and the weights,
   * `extra()` what else belongs into the request and may throw a sentence; `showResult` draws the result.
   */
  constructor(root, { path, kind, common, extra = async () => ({}), showResult }) {
    Object.assign(this, { root, path, common, extra });
    this.form = root.querySelector("form");
    this.memory = new Memory(`studio.${kind}`);
    this.output = new Output(part(root, "output"), showResult);
    this.go = part(root, "go");
    this.stop = part(root, "cancel");
    keepForm(this.form, this.memory);
    this.slot = new JobSlot(this.memory, kind, {
      begun: (key, again) => this.output.begin(key, again),
      job: (job) => { this.output.job(job); this.#buttons(); },
      frame: (frame) => this.output.frame(frame),
      trouble: (sentence) => (sentence || this.troubled) && this.#trouble(sentence),
      gone: (sentence) => { this.output.gone(); this.#trouble(sentence); this.#buttons(); },
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#start(); });
    this.stop.addEventListener("click", () => this.slot.cancel());
    for (const dice of root.querySelectorAll("[data-dice]")) dice.addEventListener("click", () => this.#roll(dice.dataset.dice));
  }

  async resume() {
    await this.slot.resume();
    this.#buttons();
  }

  /** The sentence for which this tab cannot be used with the chosen model, or "". */
  refuse(sentence) {
    this.refused = sentence;
    const place = part(this.root, "refused");
    say(place, sentence);
    this.form.inert = Boolean(sentence);
    this.form.classList.toggle("off", Boolean(sentence));
  }

  async #start() {
    if (this.slot.busy || this.refused || this.preparing) return;
    this.preparing = true;
    try {
      const body = { ...this.common(), ...values(this.form), ...(await this.extra()) };
      this.#trouble("");
      await this.slot.start(this.path, body);
    } catch (error) {
      this.#trouble(error.message);
    }
    this.preparing = false;
    this.#buttons();
  }

  #trouble(sentence) {
    this.troubled = Boolean(sentence);
    this.output.say(sentence, "error");
  }

  /** While a job is on its way the button waits, focusable still, and the other one cancels. */
  #buttons() {
    const { busy } = this.slot;
    this.go.setAttribute("aria-disabled", String(busy));
    if (!busy && document.activeElement === this.stop) this.go.focus();
    this.stop.hidden = !busy;
  }

  #roll(name) {
    const control = this.form[name];
    control.value = String(Math.floor(Math.random() * 1e6));
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** The form's values as the server takes them: numbers as numbers, and nothing that is empty or hidden. */
function values(form) {
  const body = {};
  for (const control of form.elements) {
    if (!control.name || control.disabled || control.value === "" || control.closest("[data-local]")) continue;
    body[control.name] = control.type === "number" || control.type === "range" || control.dataset.number !== undefined ? Number(control.value) : control.value;
  }
  return body;
}
