// One message of the conversation as elements. What hasn't changed since it was drawn last is left alone.

import { icon } from "./icons.js";
import { button, element, pictureOf, text } from "./shell.js";

const SLOW_S = 1;

export class MessageView {
  constructor(message, base) {
    this.base = base;
    this.root = element("article", `cp-message cp-from-${message.who}`);
    this.root.dataset.key = message.key;
    const who = text("h3", "cp-who", message.who === "person" ? "You" : "chatpose", this.root);
    who.classList.toggle("cp-hidden", true);
    this.parts = {};
    this.started = performance.now();
    this.show(message);
  }

  show(message) {
    this.message = message;
    const { root } = this;
    root.toggleAttribute("data-working", Boolean(message.working));
    root.toggleAttribute("data-problem", Boolean(message.problem));
    if (message.who === "person") {
      this.part("files", message.files, (files, place) => this.drawFiles(files, place));
      this.part("text", message.text, (words, place) => this.drawText(words, place));
      return;
    }
    this.part("status", message.working ? message.status : "", (words, place) => this.drawStatus(words, place));
    this.part("text", message.text, (words, place) => this.drawText(words, place));
    this.part("poses", message.poses, (poses, place) => this.drawPoses(poses, place));
    this.part("hits", message.hits, (hits, place) => this.drawHits(hits, place));
    this.part("given", message.files, (names, place) => this.drawGiven(names, place));
    this.part("about", this.about(), (about, place) => this.drawAbout(about, place));
  }

  // Poses that were undone can't be chosen.
  mark(present, current) {
    for (const tile of this.root.querySelectorAll("[data-number]")) {
      const number = Number(tile.dataset.number);
      tile.disabled = !present.includes(number);
      if (number === current) tile.setAttribute("aria-current", "true");
      else tile.removeAttribute("aria-current");
    }
  }

  // Seconds are told where it takes more than one.
  tick() {
    const place = this.root.querySelector(".cp-elapsed");
    const seconds = (performance.now() - this.started) / 1000;
    if (place && seconds > SLOW_S) place.textContent = `${Math.round(seconds)} s`;
  }

  part(name, data, draw) {
    const key = JSON.stringify(data ?? null);
    const known = this.parts[name];
    if (known?.key === key) return;
    const place = known?.place ?? element("div", `cp-part cp-part-${name}`, this.root);
    const open = place.querySelector("details")?.open;
    place.replaceChildren();
    const empty = data === null || data === undefined || data === "" || (Array.isArray(data) && !data.length);
    place.hidden = empty;
    if (!empty) draw(data, place);
    if (open) place.querySelector("details").open = true;
    this.parts[name] = { key, place };
  }

  about() {
    const { steps, checks, seconds, working } = this.message;
    return steps?.length || checks ? { steps, checks, seconds, working } : null;
  }

  drawText(words, place) {
    text("p", "cp-text", words, place);
  }

  drawStatus(words, place) {
    const line = element("p", "cp-status", place);
    element("i", "cp-dots", line).setAttribute("aria-hidden", "true");
    text("span", "", words, line);
    text("small", "cp-elapsed", "", line);
  }

  drawFiles(files, place) {
    for (const { name, thumb } of files) {
      const chip = element("figure", "cp-file", place);
      if (thumb) {
        const picture = element("img", "", chip);
        Object.assign(picture, { src: thumb, alt: `Photo ${name}` });
      } else chip.append(icon("file"));
      text("figcaption", "", name, chip);
    }
  }

  drawPoses(poses, place) {
    const list = element("ul", "cp-shots", place);
    for (const pose of poses) {
      const tile = button("cp-shot", `Show pose ${pose.number}: ${pose.title}`, element("li", "", list));
      tile.dataset.number = pose.number;
      pictureOf(this.base, { token: pose.token, alt: "" }, tile);
      tile.title = pose.alt;
      text("b", "", String(pose.number), tile).setAttribute("aria-hidden", "true");
      text("span", "", pose.title, tile);
    }
  }

  drawHits(hits, place) {
    const list = element("ul", "cp-shots cp-shots-found", place);
    for (const hit of hits) {
      const tile = button("cp-shot", `Use result ${hit.place + 1}: ${hit.title}`, element("li", "", list));
      tile.dataset.place = hit.place;
      pictureOf(this.base, { token: hit.token, alt: "" }, tile);
      tile.title = hit.alt;
      text("span", "", hit.title, tile);
    }
  }

  drawGiven(names, place) {
    names.forEach((name, at) => {
      const give = button("cp-give", `Download ${name}`, place, { sign: "save", name });
      give.dataset.file = at;
    });
  }

  drawAbout({ steps, checks, seconds, working }, place) {
    const row = element("details", "cp-how", place);
    const head = element("summary", "", row);
    if (checks) head.append(badge(checks));
    text("span", "cp-how-name", "How I got this", head);
    if (!working && seconds) text("small", "", `${seconds} s`, head);
    const list = element("ol", "cp-steps", row);
    for (const step of steps ?? []) {
      const item = element("li", "", list);
      item.toggleAttribute("data-failed", step.failed);
      text("b", "", step.told, item);
      if (step.seconds >= 0.01) text("small", "", `${step.seconds} s`, item);
      if (step.with) text("q", "", step.with, item);
      if (step.result) text("span", "", step.result, item);
    }
  }
}

export function badge({ held, missed, of }) {
  const made = element("span", "cp-badge");
  made.dataset.all = String(missed === 0 && held > 0);
  made.append(icon(missed ? "cross" : "check"));
  text("span", "", `${held} of ${of} hold`, made);
  return made;
}
