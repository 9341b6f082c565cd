// output.js: what a tab of the studio shows of its job: its progress, its evolution, its result, its command line.

import { $, part, say, write } from "./dom.js";
import { Evolution } from "./evolution.js";
import { duration, integer, number, plural } from "./format.js";

export class Output {
  /** `showResult(root, result, job)` draws what the job has made into an empty element. */
  constructor(root, showResult) {
    root.append($("#output").content.cloneNode(true));
    this.root = root;
    this.showResult = showResult;
    this.notice = part(root, "notice");
    this.progress = part(root, "progress");
    this.evolution = new Evolution(part(root, "evolution"));
    this.command = part(root, "command");
    part(root, "placeholder").textContent = root.dataset.hint;
    part(root, "copy").addEventListener("click", () => this.#copy());
  }

  begin(key, again) {
    this.evolution.begin(key, again);
    part(this.root, "placeholder").hidden = true;
    part(this.root, "result").hidden = true;
    part(this.root, "command-box").hidden = true;
    this.say("");
  }

  say(sentence, tone = "info") {
    say(this.notice, sentence, tone);
  }

  job(job) {
    const going = job.state === "queued" || job.state === "running";
    this.progress.hidden = !going;
    this.root.dataset.state = job.state;
    if (going) this.#progress(job);
    if (job.state === "queued") this.say(waiting(job.position));
    else if (job.state === "running") this.say("");
    else if (job.state === "failed") this.say(job.error ?? "The job has failed.", "error");
    else if (job.state === "cancelled") this.say(`Cancelled after step ${integer(job.step)} of ${integer(job.steps)}.`);
    else this.say(`Done in ${duration(job.seconds)}.`);
    if (job.result) this.#result(job);
    part(this.root, "command-box").hidden = !job.command;
    write(this.command, job.command ?? "");
  }

  frame(frame) {
    this.evolution.add(frame);
    this.#progress({ state: "running", ...frame });
  }

  gone() {
    this.progress.hidden = true;
    this.root.dataset.state = "gone";
  }

  #progress(job) {
    const bar = part(this.progress, "progress-bar");
    bar.max = job.steps || 1;
    bar.value = job.state === "queued" ? 0 : job.step;
    write(part(this.progress, "progress-text"), job.state === "queued" ? waiting(job.position) : `step ${integer(job.step)} of ${integer(job.steps)}${job.t === undefined ? "" : `, t = ${number(job.t)}`}`);
  }

  #result(job) {
    const { result } = job;
    const box = part(this.root, "result");
    box.hidden = false;
    const place = part(box, "result-content");
    if (place.dataset.job !== job.id) {
      place.replaceChildren();
      place.dataset.job = job.id;
      this.showResult(place, result, job);
    }
    write(part(box, "result-about"), [job.model, job.request.seed === undefined ? null : `seed ${job.request.seed}`].filter(Boolean).join(" · "));
    const name = `${job.model.replaceAll(/[^\w.-]+/g, "-")}-${job.kind}`;
    for (const [test, source, ending] of [["png", result.grid, "png"], ["npz", result.npz, "npz"]]) {
      const link = part(box, test);
      link.hidden = !source;
      if (source) Object.assign(link, { href: source, download: `${name}.${ending}` });
    }
  }

  /** The clipboard belongs to secure pages; elsewhere the line is selected, and copied the old way. */
  async #copy() {
    const text = this.command.textContent;
    try {
      await navigator.clipboard.writeText(text);
      this.say("The command line is copied.");
    } catch {
      getSelection().selectAllChildren(this.command);
      this.say(document.execCommand("copy") ? "The command line is copied." : "The command line is selected: copy it with Ctrl+C.");
    }
  }
}

function waiting(position) {
  return position > 0 ? `Waiting in the queue: ${plural(position, "job")} before this one.` : "Waiting in the queue: next to be computed.";
}
