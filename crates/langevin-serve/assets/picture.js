// picture.js: a picture from the reader: dropped, chosen as a file, or one of the model's data.

import { el, say } from "./dom.js";
import { Gallery } from "./gallery.js";
import { cut, loaded, shrink } from "./image.js";

let made = 0;

/**
 * Where a picture is given. `value` is its data URL, as it is sent; `size` (of the model) is what it is cut and scaled to,
 * about its middle; without one it is only made smaller, to `longest` pixels on its longer side.
 */
export class PictureInput {
  constructor(root, memory, { changed = () => {}, longest = 256 } = {}) {
    Object.assign(this, { root, memory, changed, longest, value: null, size: null });
    made += 1;
    this.file = el("input", { type: "file", accept: "image/*", id: `file-${made}`, class: "visually-hidden", data: { test: "file" }, on: { change: () => this.file.files[0] && this.#take(this.file.files[0]) } });
    this.preview = el("img", { class: "pixels", alt: "The picture", hidden: true, data: { test: "preview" } });
    this.drop = el("label", { class: "drop", for: this.file.id }, this.preview, el("span", { text: "Drop a picture here, or choose a file" }));
    this.gallery = new Gallery(el("div", { id: `gallery-${made}`, data: { test: "gallery" } }), (url) => this.set(url));
    this.own = el("details", {}, el("summary", { text: "One of the model's data" }), this.gallery.root);
    this.own.addEventListener("toggle", () => this.own.open && this.#openGallery());
    this.notice = el("p", { class: "notice", role: "status" });
    root.classList.add("picture-input");
    root.append(this.file, this.drop, this.own, this.notice);
    for (const name of ["dragenter", "dragover"]) root.addEventListener(name, (event) => { event.preventDefault(); this.drop.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) root.addEventListener(name, () => this.drop.classList.remove("over"));
    root.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) this.#take(event.dataTransfer.files[0]); });
  }

  /** The model whose data are offered, and whose size the picture gets; a model of points has no pictures to offer. */
  async model(model, size) {
    this.modelId = model?.id ?? null;
    this.size = size;
    this.own.hidden = model?.kind !== "pictures";
    if (this.own.open && !this.own.hidden) this.#openGallery();
    const kept = this.value ?? this.memory.get("picture");
    if (kept) await this.set(kept);
  }

  /** The first of the model's pictures, for a page that wants to begin with something. */
  async begin() {
    if (this.value || this.own.hidden) return;
    await this.gallery.open(this.modelId);
    this.gallery.choose(0);
  }

  async set(url) {
    try {
      const image = await loaded(url);
      const fitted = this.size ? cut(image, this.size, url) : shrink(image, this.longest, url);
      this.value = fitted;
      this.memory.set("picture", fitted);
      this.preview.src = fitted;
      this.preview.hidden = false;
      const shown = await loaded(fitted);
      this.preview.classList.toggle("pixels", shown.naturalWidth < 128);
      say(this.notice, "");
      this.changed(fitted, shown);
    } catch (error) {
      say(this.notice, error.message, "error");
    }
  }

  #take(file) {
    const reader = new FileReader();
    reader.onload = () => this.set(reader.result);
    reader.onerror = () => say(this.notice, "The file cannot be read.", "error");
    reader.readAsDataURL(file);
    this.file.value = "";
  }

  async #openGallery() {
    try {
      await this.gallery.open(this.modelId);
    } catch (error) {
      say(this.notice, error.message, "error");
    }
  }
}
