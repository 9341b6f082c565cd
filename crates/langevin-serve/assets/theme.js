// theme.js: the style sheet's colours for what is drawn on canvases, in the light and in the dark.

/** The value of a custom property of the style sheet, such as "--accent". */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A colour of the style sheet, let through by `alpha`. All of them are written as #rrggbb. */
export function faint(hex, alpha) {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${parts.join(", ")}, ${alpha})`;
}

/** Calls `redraw` whenever the reader's system goes from light to dark or back. */
export function onTheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(redraw));
}

/** Prepares a canvas of that many CSS pixels for the screen's own pixels; gives its context. */
export function sharpen(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
