// image.js: pictures loaded, cut to a size, and made smaller.

import { el } from "./dom.js";

/** The image behind a URL, ready to be drawn. */
export async function loaded(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    throw new Error("This file is not a picture that the browser can show: PNG, JPEG and WebP are.");
  }
  return image;
}

/** The middle of a picture at the model's size. A picture that has it already is sent byte for byte. */
export function cut(image, { width, height }, url) {
  if (image.naturalWidth === width && image.naturalHeight === height) return url;
  const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
  return drawn(image, width, height, image.naturalWidth * scale, image.naturalHeight * scale);
}

/** A picture of at most `longest` pixels on its longer side. */
export function shrink(image, longest, url) {
  const scale = longest / Math.max(image.naturalWidth, image.naturalHeight);
  if (scale >= 1) return url;
  const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
  return drawn(image, width, height, width, height);
}

function drawn(image, width, height, wide, high) {
  const canvas = el("canvas", { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (width - wide) / 2, (height - high) / 2, wide, high);
  return canvas.toDataURL("image/png");
}
