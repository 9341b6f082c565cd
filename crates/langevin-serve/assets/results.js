// results.js: how the results of each tab of the studio are drawn.

import { el } from "./dom.js";
import { Player } from "./player.js";
import { Scatter } from "./scatter.js";

/** Samples: the sheet that is downloaded, or the points. */
export function showSamples(place, result) {
  if (result.kind === "points") return showPoints(place, result.points);
  const image = el("img", { class: "result-grid", src: result.grid, alt: `${result.count} samples`, data: { test: "result-image" } });
  image.addEventListener("load", () => {
    image.classList.toggle("pixels", image.naturalWidth < 1200);
    // A small sheet is magnified by a whole number.
    const times = Math.min(Math.floor(560 / image.naturalWidth), Math.floor(place.clientWidth / image.naturalWidth));
    if (times > 1) image.style.width = `${times * image.naturalWidth}px`;
  });
  place.append(image);
}

/** The way from one seed to another: one frame large, a slider, and all of them as a strip. */
export function showFilm(place, result) {
  if (result.kind === "points") return showPoints(place, result.points, true);
  const large = el("img", { class: "pixels", alt: "", data: { test: "film-image" } });
  const slider = el("div");
  const strip = el("div", { class: "strip", role: "group", "aria-label": "All frames", data: { test: "film-strip" } });
  const buttons = result.pictures.map((source, index) => el("button", {
    type: "button", "aria-label": `Frame ${index + 1}`, on: { click: () => player.go(index) },
  }, el("img", { class: "pixels", src: source, alt: "" })));
  strip.append(...buttons);
  place.append(el("div", { class: "film", data: { test: "film" } }, large, slider, strip));
  const player = new Player(slider, { name: "frames from one seed to the other", pause: 250, show(index) {
    large.src = result.pictures[index];
    large.alt = `Frame ${index + 1} of ${result.pictures.length}`;
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === index)));
    return `frame ${index + 1} of ${result.pictures.length}`;
  } });
  player.resize(result.pictures.length);
  player.go(0);
}

/** The picture, with the noise of timestep t, and denoised. */
export function showDenoised(place, result, job) {
  const list = pictureList(result.pictures, ["x₀: the picture", `xₜ: with the noise of t = ${job.request.from}`, "denoised"], ["original-image", "noisy-image", "denoised-image"]);
  list.classList.add("three");
  place.append(list);
}

export function showFillings(place, result) {
  const words = result.pictures.map((_, index) => `filling ${index + 1}`);
  const tests = result.pictures.map((_, index) => `filled-image-${index}`);
  place.append(pictureList([result.original, ...result.pictures], ["the picture", ...words], ["original-image", ...tests]));
}

function showPoints(place, points, line = false) {
  const canvas = el("canvas", { role: "img", "aria-label": `${points.length} points`, data: { test: "result-points" } });
  place.append(canvas);
  new Scatter(canvas).show(points, { line });
}

/** Pictures with words under them. */
function pictureList(pictures, words, tests) {
  return el("ul", { class: "pictures" }, ...pictures.map((source, index) => el("li", {},
    el("img", { class: "pixels", src: source, alt: words[index], data: { test: tests[index] } }), el("span", { class: "small", text: words[index] }))));
}
