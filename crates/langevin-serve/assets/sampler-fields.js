// sampler-fields.js: the controls of a sampler: which, how many steps, and the knobs that this one has.

import { part, setOptions, write } from "./dom.js";

/** Fills the controls of one form that belong to the sampler, and shows only those which the chosen sampler has. */
export class SamplerFields {
  constructor(form, memory, samplers, preferred) {
    Object.assign(this, { form, memory, samplers });
    const options = samplers.map(({ name }) => ({ value: name, label: name }));
    setOptions(form.sampler, options, memory.get("sampler", samplers.some(({ name }) => name === preferred) ? preferred : undefined));
    form.sampler.addEventListener("change", () => this.#chosen(true));
    this.#chosen(false);
  }

  get sampler() {
    return this.samplers.find(({ name }) => name === this.form.sampler.value);
  }

  /** How many timesteps the model has: as many steps are made when none are asked for. */
  timesteps(count) {
    this.all = count;
    this.form.steps.placeholder = this.sampler?.steps ? String(this.sampler.steps) : `all ${count}`;
  }

  #chosen(anew) {
    const { form, sampler } = this;
    if (!sampler) return;
    write(part(form, "good-for"), `${sampler.good_for}${sampler.source ? ` · ${sampler.source}` : ""}`);
    if (anew || this.memory.get("steps") === undefined) this.#set("steps", form.steps.dataset.own ?? sampler.steps ?? "");
    if (this.all) this.timesteps(this.all);
    this.#knob("eta", sampler.eta !== null && sampler.eta !== undefined, sampler.eta, anew);
    this.#knob("order", Boolean(sampler.order), sampler.order?.[0], anew);
    if (sampler.order && form.order) {
      const kept = form.order.value;
      const orders = Array.from({ length: sampler.order[1] }, (_, at) => String(at + 1));
      setOptions(form.order, orders.map((value) => ({ value, label: value })), orders.includes(kept) ? kept : String(sampler.order[0]));
      if (anew) form.order.value = String(sampler.order[0]);
    }
  }

  #knob(name, has, own, anew) {
    const control = this.form[name];
    if (!control) return;
    control.disabled = !has;
    control.closest(".field").hidden = !has;
    if (has && (anew || control.value === "")) this.#set(name, this.memory.get(name) !== undefined && !anew ? this.memory.get(name) : own);
  }

  #set(name, value) {
    if (!this.form[name]) return;
    this.form[name].value = value;
    if (this.memory.get(name) !== undefined) this.memory.set(name, String(value));
  }
}
