// runs.js: the page of the runs: which there are, which are chosen, and what keeps them up to date.

import { address, get } from "./api.js";
import { $, say, write } from "./dom.js";
import { keepForm, Memory } from "./memory.js";
import { RunCard } from "./run-card.js";
import { RunCurves } from "./run-curves.js";
import { RunList } from "./run-list.js";
import { RunStore } from "./run-store.js";

const PAUSE = 3000;
const COLOURS = 6;
/** A browser keeps six connections to a server, for all its tabs; further training runs are asked with the list instead. */
const STREAMS = 3;

const memory = new Memory("runs");
const form = $("#curve-settings");
const notice = $("#notice");
const details = $("#details");
/** The runs that are drawn: name → { store, card, colour }, in the order in which they were ticked. */
const chosen = new Map();
let runs = [];

const list = new RunList($("#runs"), (name, ticked) => {
  const names = [...chosen.keys()].filter((one) => one !== name);
  memory.set("chosen", ticked ? [...names, name] : names);
  choose();
});
const curves = new RunCurves($("#curves"), () => [...chosen.values()], () => ({ smoothing: Number(form.smoothing.value), log: form.log.checked }));

/** The runs that the reader ticked; until they have ticked any, those that train, or else the newest. */
function wanted() {
  const names = memory.get("chosen");
  if (names) return names.filter((name) => runs.some((run) => run.name === name));
  const training = runs.filter((run) => run.state === "training").slice(0, 2);
  return (training.length > 0 ? training : runs.slice(0, 1)).map((run) => run.name);
}

function choose() {
  const names = wanted();
  for (const [name, { store, card }] of chosen) {
    if (names.includes(name)) continue;
    store.leave();
    card.root.remove();
    chosen.delete(name);
  }
  for (const name of names) {
    if (!chosen.has(name)) add(runs.find((run) => run.name === name));
  }
  list.show(runs, (name) => chosen.get(name)?.colour);
  follow();
  curves.draw();
}

function add(run) {
  const taken = [...chosen.values()].map((one) => one.colour);
  const free = Array.from({ length: COLOURS }, (_, at) => `--run-${at + 1}`).find((one) => !taken.includes(one));
  const colour = free ?? `--run-${(chosen.size % COLOURS) + 1}`;
  const store = new RunStore(run.name, { changed: curves.draw, summary: news, failed: (error) => say(notice, error.message, "error") });
  const card = new RunCard(run, colour);
  chosen.set(run.name, { store, card, colour });
  details.append(card.root);
}

/** A stream for each chosen run that trains, while the page is looked at; the others are read when they have changed. */
function follow() {
  const training = [...chosen.keys()].filter((name) => runs.find((run) => run.name === name)?.state === "training").slice(0, STREAMS);
  for (const [name, one] of chosen) {
    const run = runs.find((other) => other.name === name);
    if (training.includes(name) && !document.hidden) {
      one.store.follow();
    } else {
      one.store.leave();
      if (run.changed !== one.changed) one.store.read(run.step);
    }
    one.changed = run.changed;
  }
}

/** One run's news from its stream. */
function news(run) {
  const at = runs.findIndex((one) => one.name === run.name);
  if (at < 0) return;
  const began = runs[at].state;
  runs[at] = run;
  list.update(run, chosen.get(run.name)?.colour);
  chosen.get(run.name)?.card.update(run);
  if (run.state !== began) follow();
}

async function refresh() {
  try {
    ({ runs } = await get(address(["runs"])));
    say(notice, runs.length === 0 ? "There are no runs in this folder yet; “langevin train” begins one." : "");
    choose();
    for (const run of runs) chosen.get(run.name)?.card.update(run);
  } catch (error) {
    say(notice, error.message, "error");
  }
  setTimeout(refresh, PAUSE);
}

keepForm(form, memory);
const settle = () => {
  write($("#smoothing-text"), Number(form.smoothing.value).toFixed(2));
  curves.draw();
};
form.addEventListener("input", settle);
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", follow);
settle();
refresh();
