// Play, pause, step and scrub through the frames. Two clips of different speed run on one clock.

import { button, element } from "./shell.js";

const PLAY = "▶\uFE0E";
const PAUSE = "❚❚";

export class Timeline {
  constructor(root, changed) {
    this.changed = changed;
    this.frame = 0;
    this.count = 1;
    this.spacing = 1 / 30;
    this.root = root;
    this.play = button(PLAY, "Play (space)", () => this.toggle());
    this.back = button("‹", "One frame back (←)", () => this.step(-1));
    this.on = button("›", "One frame on (→)", () => this.step(1));
    this.slider = element("input", "cp-slider");
    Object.assign(this.slider, { type: "range", min: 0, max: 0, step: 1, value: 0 });
    this.slider.setAttribute("aria-label", "Frame");
    this.slider.addEventListener("input", () => {
      this.pause();
      this.setFrame(Number(this.slider.value));
    });
    this.text = element("output", "cp-count");
    root.append(this.play, this.back, this.slider, this.on, this.text);
    root.addEventListener("keydown", (event) => this.key(event));
    this.setTracks([]);
  }

  // tracks: [{ frames, seconds a frame, meta }]; the first one's frames are the ones counted.
  setTracks(tracks) {
    this.pause();
    const longest = Math.max(0, ...tracks.map(({ frames, seconds }) => (frames - 1) * seconds));
    const moving = tracks.find(({ frames }) => frames > 1);
    this.spacing = moving?.seconds ?? 1 / 30;
    this.meta = moving?.meta;
    this.count = Math.round(longest / this.spacing) + 1;
    this.root.dataset.still = String(this.count < 2);
    this.slider.max = this.count - 1;
    for (const control of [this.play, this.back, this.on, this.slider]) control.disabled = this.count < 2;
    this.setFrame(Math.min(this.frame, this.count - 1), false);
  }

  seconds() {
    return this.frame * this.spacing;
  }

  setFrame(frame, tell = true) {
    this.frame = Math.max(0, Math.min(this.count - 1, Math.round(frame)));
    this.slider.value = this.frame;
    this.text.textContent = this.describe();
    this.slider.setAttribute("aria-valuetext", this.text.textContent);
    if (tell) this.changed();
  }

  // Counts in the file's own frames, also where only every n-th is shown.
  describe() {
    if (this.count < 2) return "One frame";
    const stride = this.meta.stride;
    const here = this.frame * stride;
    const time = this.meta.fps ? ` · ${this.seconds().toFixed(2)} s` : "";
    const last = Math.max(this.meta.frames, (this.count - 1) * stride + 1) - 1;
    return `Frame ${here} of ${last}${time}`;
  }

  step(by) {
    if (this.count < 2) return;
    this.pause();
    this.setFrame((this.frame + by + this.count) % this.count);
  }

  toggle() {
    if (this.playing) this.pause();
    else if (this.count > 1) this.run();
  }

  run() {
    this.playing = true;
    this.play.textContent = PAUSE;
    this.play.setAttribute("aria-label", "Pause (space)");
    const first = this.frame === this.count - 1 ? 0 : this.frame;
    const start = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      const passed = Math.floor(Math.max(0, now - start) / 1000 / this.spacing);
      const frame = (first + passed) % this.count;
      if (frame !== this.frame) this.setFrame(frame);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.playing = false;
    if (!this.play) return;
    this.play.textContent = PLAY;
    this.play.setAttribute("aria-label", "Play (space)");
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === " " && event.target === this.slider) this.toggle();
    else return;
    event.preventDefault();
  }
}
