// theory.js: the page of the figures: which model they speak of.

import { address, get } from "./api.js";
import { $, say, write } from "./dom.js";
import { ForwardFigure } from "./forward-figure.js";
import { keepForm, Memory } from "./memory.js";
import { about, describe, fillModels, listModels } from "./models.js";
import { PointsFigure } from "./points-figure.js";
import { ScheduleFigure } from "./schedule-figure.js";
import { TermsFigure } from "./terms-figure.js";

const notice = $("#notice");
const choice = $("#model-form");
const memory = new Memory("theory");
const common = () => {
  if (!choice.model.value) throw new Error("There is no model here to measure.");
  return { model: choice.model.value, weights: choice.weights.value };
};

const schedule = new ScheduleFigure(new Memory("theory.schedule"), () => forward.draw());
const forward = new ForwardFigure(new Memory("theory.forward"), schedule);
const points = new PointsFigure(new Memory("theory.points"), common);
const terms = new TermsFigure(new Memory("theory.terms"), common);

async function chosen() {
  try {
    const model = choice.model.value ? await describe(choice.model.value) : null;
    say(notice, model ? "" : "There is no checkpoint in this folder yet; the schedules and a picture of yours can be looked at all the same.");
    write($("#model-about"), model ? about(model) : "");
    await schedule.setModel(model);
    points.setModel(model);
    await forward.setModel(model);
  } catch (error) {
    say(notice, error.message, "error");
  }
}

async function begin() {
  try {
    const [models, { samplers }] = await Promise.all([listModels(), get(address(["samplers"]))]);
    fillModels(choice.model, models, memory.get("model"));
    points.setSamplers(samplers);
  } catch (error) {
    return say(notice, error.message, "error");
  }
  keepForm(choice, memory);
  choice.model.addEventListener("change", chosen);
  choice.weights.addEventListener("change", () => points.anew());
  await chosen();
  await Promise.all([points.job.resume(), terms.job.resume()]);
}

begin();
