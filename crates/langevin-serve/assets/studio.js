// studio.js: the page on which one draws with a model: the model, the four tabs, and what joins them.

import { address, get } from "./api.js";
import { $, part, say, setOptions, write } from "./dom.js";
import { paintable } from "./inpaint.js";
import { keepForm, Memory } from "./memory.js";
import { about, describe, fillModels, listModels } from "./models.js";
import { Panel } from "./panel.js";
import { PictureInput } from "./picture.js";
import { showDenoised, showFillings, showFilm, showSamples } from "./results.js";
import { SamplerFields } from "./sampler-fields.js";
import { makeTabs } from "./tabs.js";

const ONLY_PICTURES = "This model draws points of the plane; this needs a model of pictures.";

const notice = $("#notice");
const choice = $("#model-form");
const memory = new Memory("studio");
const common = () => {
  if (!choice.model.value) throw new Error("Choose a checkpoint first.");
  return { model: choice.model.value, weights: choice.weights.value };
};
const make = (name, options) => new Panel($(`#panel-${name}`), { kind: name, path: name, common, ...options });

let denoisePicture;
let inpainting;
const panels = {
  sample: make("sample", { path: "samples", showResult: showSamples }),
  interpolate: make("interpolate", { showResult: showFilm }),
  denoise: make("denoise", { showResult: showDenoised, extra: async () => {
    if (!denoisePicture.value) throw new Error("Give a picture first: drop one, choose a file, or take one of the model's data.");
    return { picture: denoisePicture.value };
  } }),
  inpaint: make("inpaint", { showResult: showFillings, extra: () => inpainting.extra() }),
};
const forms = Object.fromEntries(Object.entries(panels).map(([name, panel]) => [name, panel.form]));
denoisePicture = new PictureInput(part(forms.denoise, "picture"), panels.denoise.memory);
inpainting = paintable(forms.inpaint, panels.inpaint.memory);

const from = forms.denoise.from;
const tellFrom = () => write($("#denoise-from-text"), `t = ${from.value} of ${from.max}`);
from.addEventListener("input", tellFrom);

/** What the chosen model is decides what the forms offer. */
async function chosen(fields, limits) {
  if (!choice.model.value) return;
  try {
    const model = await describe(choice.model.value);
    say(notice, "");
    write($("#model-about"), about(model));
    const points = model.kind === "points";
    const most = points ? limits.points : limits.count;
    forms.sample.count.max = String(most);
    if (panels.sample.memory.get("count") === undefined) forms.sample.count.value = points ? "500" : "16";
    if (Number(forms.sample.count.value) > most) forms.sample.count.value = String(most);
    forms.inpaint.count.max = forms.interpolate.frames.max = String(limits.count);
    from.max = String(model.timesteps);
    from.value = panels.denoise.memory.get("from", String(Math.round(0.3 * model.timesteps)));
    tellFrom();
    for (const field of fields) field.timesteps(model.timesteps);
    for (const panel of Object.values(panels)) offerClasses(panel, model);
    panels.denoise.refuse(points ? ONLY_PICTURES : "");
    panels.inpaint.refuse(points ? ONLY_PICTURES : "");
    const size = points ? null : { width: model.width, height: model.height };
    if (!points) await Promise.all([denoisePicture.model(model, size), inpainting.picture.model(model, size)]);
  } catch (error) {
    say(notice, error.message, "error");
  }
}

function offerClasses(panel, { classes, class_names: names, guidable }) {
  const { class: select, guidance } = panel.form;
  const options = Array.from({ length: classes ?? 0 }, (_, at) => ({ value: String(at), label: names[at] ?? String(at) }));
  setOptions(select, [{ value: "", label: "any" }, ...options], panel.memory.get("class"));
  select.disabled = !classes;
  select.closest(".field").hidden = !classes;
  if (!guidance) return;
  // Without a class there is nothing to be guided to.
  const offer = () => {
    guidance.disabled = !guidable || select.value === "";
    guidance.closest(".field").hidden = guidance.disabled;
  };
  select.onchange = offer;
  offer();
}

/** A link from a run's checkpoint names a model, once; afterwards the choice is the reader's. */
function asked() {
  const id = new URLSearchParams(location.search).get("model");
  if (id) {
    memory.set("model", id);
    history.replaceState(null, "", location.pathname + location.hash);
  }
  return memory.get("model");
}

async function begin() {
  makeTabs($(".tabs"));
  const resumed = Object.values(panels).map((panel) => panel.resume());
  try {
    const wanted = asked();
    const [models, { samplers }, limits] = await Promise.all([listModels(), get(address(["samplers"])), get(address(["limits"]))]);
    fillModels(choice.model, models, wanted);
    keepForm(choice, memory);
    if (models.length === 0) return say(notice, "There is no checkpoint in this folder yet: a run writes its first after some steps.");
    const deterministic = samplers.filter((sampler) => sampler.deterministic);
    const fields = [
      new SamplerFields(forms.sample, panels.sample.memory, samplers, "ddim"),
      new SamplerFields(forms.interpolate, panels.interpolate.memory, deterministic, "ddim"),
      new SamplerFields(forms.inpaint, panels.inpaint.memory, samplers, "ddpm"),
    ];
    choice.model.addEventListener("change", () => chosen(fields, limits));
    await chosen(fields, limits);
  } catch (error) {
    say(notice, error.message, "error");
  }
  await Promise.all(resumed);
}

begin();
