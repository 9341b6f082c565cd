// inpaint.js: the picture and the mask of the studio's Inpaint tab.

import { $, part, write } from "./dom.js";
import { loaded } from "./image.js";
import { Mask } from "./mask.js";
import { PictureInput } from "./picture.js";

/** Puts a picture's input and a mask over it into the form; `extra()` gives what a request needs of them. */
export function paintable(form, memory) {
  const tools = () => ({ size: Number(form.brush.value), erase: form.eraser.checked });
  const mask = new Mask($("#mask"), $("#mask-place"), tools, () => memory.set("mask", mask.png()));
  const picture = new PictureInput(part(form, "picture"), memory, { changed: (_, image) => over(image) });

  async function over(image) {
    $("#mask-box").hidden = false;
    mask.over(image);
    form.brush.max = String(Math.max(3, Math.round(Math.min(mask.width, mask.height) / 2)));
    const kept = memory.get("mask");
    if (kept) mask.restore(await loaded(kept));
  }

  const tell = () => write($("#brush-text"), `${form.brush.value} px`);
  form.brush.addEventListener("input", () => { tell(); mask.draw(); });
  $("#mask-clear").addEventListener("click", () => mask.clear());
  $("#mask-invert").addEventListener("click", () => mask.invert());
  tell();

  return {
    picture,
    async extra() {
      if (!picture.value) throw new Error("Give a picture first: drop one, choose a file, or take one of the model's data.");
      if (mask.empty) throw new Error("Paint over what shall be filled in first.");
      return { picture: picture.value, mask: mask.png().split(",")[1] };
    },
  };
}
