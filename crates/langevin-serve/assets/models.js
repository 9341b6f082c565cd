// models.js: the choice of a model, which the studio and the theory page share.

import { address, get } from "./api.js";
import { el } from "./dom.js";
import { integer } from "./format.js";

/** Fills a select with the checkpoints, by run; chooses `wanted`, where there is one. */
export function fillModels(select, models, wanted) {
  const groups = new Map();
  for (const { id, run, checkpoint, data } of models) {
    const name = run ? `${run} (${data})` : "the model of the command line";
    if (!groups.has(name)) groups.set(name, el("optgroup", { label: name }));
    groups.get(name).append(el("option", { value: id, text: run ? `${run} / ${(checkpoint ?? "").replace(/^step-0*(?=\d)/, "step ")}` : id }));
  }
  select.replaceChildren(...groups.values());
  if (models.some(({ id }) => id === wanted)) select.value = wanted;
}

export const listModels = async () => (await get(address(["models"]))).models;
export const describe = (model) => get(address(["models", "describe"], { model }));

/** A line about a model. */
export function about(model) {
  const size = model.kind === "points" ? "points of the plane" : `${model.height}×${model.width}×${model.channels} pictures`;
  return [size, model.network, `${integer(model.parameters)} parameters`, `T = ${integer(model.timesteps)}`,
    `${model.schedule} schedule`, `predicts ${model.prediction}`, model.path].filter(Boolean).join(" · ");
}
