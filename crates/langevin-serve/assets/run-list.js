// run-list.js: the rows of the list of runs, brought up to date in place.

import { el, write } from "./dom.js";
import { duration, integer, number } from "./format.js";

/** The list; `toggled(name, chosen)` is called when a run is ticked or unticked. */
export class RunList {
  constructor(root, toggled) {
    Object.assign(this, { root, toggled, rows: new Map() });
  }

  /** Shows the runs in their order; rows that stay keep their elements, and so the focus and the tick. */
  show(runs, colourOf) {
    const gone = new Set(this.rows.keys());
    runs.forEach((run, at) => {
      gone.delete(run.name);
      const row = this.rows.get(run.name) ?? this.#make(run.name);
      this.update(run, colourOf(run.name));
      if (this.root.children[at] !== row.root) this.root.insertBefore(row.root, this.root.children[at] ?? null);
    });
    for (const name of gone) {
      this.rows.get(name).root.remove();
      this.rows.delete(name);
    }
  }

  update(run, colour) {
    const row = this.rows.get(run.name);
    if (!row) return;
    const share = run.steps > 0 ? Math.min(1, run.step / run.steps) : 0;
    row.root.classList.toggle("chosen", Boolean(colour));
    if (colour) row.root.style.setProperty("--run-colour", `var(${colour})`);
    else row.root.style.removeProperty("--run-colour");
    row.box.checked = Boolean(colour);
    row.state.dataset.state = run.state;
    write(row.state, run.state);
    row.bar.value = share;
    row.bar.setAttribute("aria-label", `Progress of ${run.name}`);
    write(row.steps, `${integer(run.step)} of ${integer(run.steps)} steps`);
    write(row.left, run.state === "training" && run.seconds_left !== null ? duration(run.seconds_left) : "–");
    write(row.loss, number(run.loss));
    write(row.speed, run.images_per_second === null ? "–" : `${number(run.images_per_second)} /s`);
    write(row.about, `${run.data} · ${run.shape} · ${run.model}`);
  }

  #make(name) {
    const row = {
      box: el("input", { type: "checkbox", data: { test: "run-check" }, on: { change: () => this.toggled(name, row.box.checked) } }),
      state: el("span", { class: "state", data: { test: "run-state" } }),
      bar: el("progress", { max: "1", value: "0", data: { test: "run-bar" } }),
      steps: el("span", { data: { test: "run-steps" } }),
      left: el("span", { data: { test: "run-left" } }),
      loss: el("span", { data: { test: "run-loss" } }),
      speed: el("span", { data: { test: "run-speed" } }),
      about: el("p", { class: "run-about" }),
    };
    const figure = (label, value) => el("div", { class: "run-figure" }, el("b", { text: label }), value);
    row.root = el("li", { class: "run", data: { test: "run", run: name } },
      el("label", { class: "run-name" }, row.box, el("span", { text: name })),
      row.state,
      el("div", { class: "run-progress" }, row.steps, row.bar),
      figure("time left", row.left), figure("loss", row.loss), figure("samples", row.speed),
      row.about);
    this.rows.set(name, row);
    return row;
  }
}
