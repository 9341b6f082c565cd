// gallery.js: the model's own pictures as a list to choose one from, by mouse, touch and keyboard.

import { address, get } from "./api.js";
import { el } from "./dom.js";
import { loaded } from "./image.js";

const COUNT = 64;

/** `picked(url, index)` gets the chosen picture as a PNG's data URL, cut out of the sheet that the server sent. */
export class Gallery {
  constructor(root, picked) {
    Object.assign(this, { root, picked, model: null, at: 0 });
    root.classList.add("gallery");
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", "Pictures of the model's data");
    root.tabIndex = 0;
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  async open(model) {
    if (this.model === model) return;
    const sheet = await get(address(["data"], { model, count: COUNT }));
    if (sheet.kind !== "pictures") return;
    this.model = model;
    this.sheet = sheet;
    this.image = await loaded(sheet.png);
    const rows = Math.ceil(sheet.count / sheet.columns);
    this.root.replaceChildren(...Array.from({ length: sheet.count }, (_, index) => {
      const tile = el("div", { class: "tile", role: "option", id: `${this.root.id}-${index}`, "aria-selected": "false", "aria-label": `picture ${index + 1} of ${sheet.count}`, on: { click: () => this.choose(index) } });
      tile.style.backgroundImage = `url("${sheet.png}")`;
      tile.style.backgroundSize = `${100 * sheet.columns}% ${100 * rows}%`;
      tile.style.backgroundPosition = `${share(index % sheet.columns, sheet.columns)}% ${share(Math.floor(index / sheet.columns), rows)}%`;
      tile.style.aspectRatio = `${sheet.width} / ${sheet.height}`;
      return tile;
    }));
  }

  choose(index) {
    const { columns, width, height } = this.sheet;
    this.root.children[this.at]?.setAttribute("aria-selected", "false");
    this.at = index;
    this.root.children[index].setAttribute("aria-selected", "true");
    this.root.setAttribute("aria-activedescendant", this.root.children[index].id);
    this.root.children[index].scrollIntoView({ block: "nearest" });
    const canvas = el("canvas", { width, height });
    canvas.getContext("2d").drawImage(this.image, (index % columns) * width, Math.floor(index / columns) * height, width, height, 0, 0, width, height);
    this.picked(canvas.toDataURL("image/png"), index);
  }

  #key(event) {
    if (!this.sheet) return;
    const tiles = [...this.root.children];
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -this.at, End: tiles.length - 1 - this.at }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.choose(Math.min(tiles.length - 1, Math.max(0, this.at + step)));
  }
}

/** Where the k-th of n parts stands, as background-position counts it. */
const share = (k, n) => (n > 1 ? (100 * k) / (n - 1) : 0);
