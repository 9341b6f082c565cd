// memory.js: what a page remembers over a refresh, in the session storage of its tab.

/** Values under a name. A browser that keeps nothing (private windows, a full quota) loses them, and that is all. */
export class Memory {
  constructor(name) {
    this.name = `langevin.${name}`;
  }

  all() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name)) ?? {};
    } catch {
      return {};
    }
  }

  get(key, otherwise) {
    return this.all()[key] ?? otherwise;
  }

  set(key, value) {
    const values = this.all();
    if (value === undefined || value === null) delete values[key];
    else values[key] = value;
    try {
      sessionStorage.setItem(this.name, JSON.stringify(values));
    } catch {
      // Full or forbidden: the page works on without it.
    }
  }
}

/** Fills a form's named controls from the memory, and keeps every change of theirs. Selects filled later ask the memory themselves. */
export function keepForm(form, memory) {
  for (const control of form.elements) {
    const value = control.name ? memory.get(control.name) : undefined;
    if (value === undefined) continue;
    if (control.type === "checkbox") control.checked = value;
    else if (control.type === "radio") control.checked = control.value === value;
    else control.value = value;
  }
  const keep = ({ target }) => {
    if (!target.name || target.type === "file") return;
    memory.set(target.name, target.type === "checkbox" ? target.checked : target.value);
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
}
