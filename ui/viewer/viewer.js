// The viewer: one canvas with up to two bodies, buttons, a timeline and keys.
//
//   const viewer = Viewer.mount(element, (event, data) => …);
//   await viewer.load("A", bytes, meta);  viewer.setFrame(12);  viewer.highlight("A", ["left_elbow"]);  viewer.reset();
//
// Events: "drop" with { slot, files }; "picture" with `state()`, when there is no WebGL and a picture must do;
// "settled" with `state()`, once what is on screen has stayed the same for a moment.

import { Actor } from "./actor.js";
import { Picture } from "./picture.js";
import { button, buildShell } from "./shell.js";
import { pictureView, Stage, VIEWS } from "./stage.js";
import { Timeline } from "./timeline.js";

const TURN_DEGREES = 10;
const ZOOM_STEP = 0.88;
const SETTLED_MS = 200;

export class Viewer {
  static mount(root, emit = () => {}) {
    if (!root.viewer) root.viewer = new Viewer(root, emit);
    return root.viewer;
  }

  constructor(root, emit) {
    this.root = root;
    this.emit = emit;
    this.slots = { A: null, B: null };
    this.loads = { A: 0, B: 0 }; // how many clips each slot has had
    this.meshes = new Map(); // by address
    this.layout = "split";
    this.shell = buildShell(root);
    this.timeline = new Timeline(this.shell.timeline, () => this.show());
    try {
      this.stage = new Stage(this.shell.canvas);
      this.stage.controls.addEventListener("change", () => this.invalidate());
      this.shell.canvas.addEventListener("webglcontextrestored", () => {
        this.stage.restore();
        this.invalidate();
      });
    } catch {
      this.picture = new Picture(this.shell, (request) => this.emit("picture", request));
    }
    this.addButtons();
    this.addKeys();
    this.addDrop();
    new ResizeObserver(() => this.resize()).observe(this.shell.screen);
    new MutationObserver(() => this.recolor()).observe(document.body, { attributeFilter: ["class"] });
    this.resize();
    this.recolor();
    this.view("home");
    root.dataset.ready = this.stage ? "webgl" : "pictures";
  }

  // ---- what a page calls -------------------------------------------------------------------------------------

  // bytes: ArrayBuffer of a GLB. meta: { title, frames, stride, fps, floor, height, reach, heading, unseen?, about?,
  // draft? }: names of joints that a photo doesn't show, a description, whether it is still being checked.
  async load(slot, bytes, meta) {
    this.loads[slot] += 1;
    if (this.stage) this.put(slot, await Actor.parse(bytes, meta));
    else this.stand(slot, meta);
    this.begin();
  }

  // A clip without its mesh: `address` is that of the mesh, `motion` has its frames (chatpose.page.viewer.motion). The
  // body that stands there already moves on where it has the same mesh.
  async move(slot, address, motion, meta) {
    this.loads[slot] += 1;
    const known = this.slots[slot];
    if (!this.stage) this.stand(slot, meta);
    else if (known?.address === address && !known.unseen.length && !meta.unseen?.length) {
      known.move(motion, meta);
      this.recolor();
    } else {
      const actor = await Actor.parse(await this.mesh(address), meta, motion);
      this.put(slot, Object.assign(actor, { address }));
    }
    this.begin();
  }

  put(slot, actor) {
    this.clear(slot);
    this.slots[slot] = actor;
    this.stage.scene.add(actor.root);
    this.recolor();
  }

  stand(slot, meta) {
    this.slots[slot] = { meta, frames: Math.ceil(meta.frames / meta.stride), frame: 0, seconds: 1 / 30 };
  }

  // The bytes of a mesh, fetched once.
  mesh(address) {
    const found = this.meshes.get(address) ?? fetch(address).then((answer) => {
      if (!answer.ok) throw new Error(`no body, ${answer.status}`);
      return answer.arrayBuffer();
    });
    this.meshes.set(address, found);
    found.catch(() => this.meshes.delete(address)); // it is tried again with the next body
    return found;
  }

  begin() {
    this.measure();
    this.timeline.setFrame(0);
    this.refit();
    this.label();
    this.show();
  }

  clear(slot) {
    this.slots[slot]?.dispose?.();
    this.slots[slot] = null;
    this.measure();
    this.label();
    this.show();
  }

  setFrame(frame) {
    this.timeline.setFrame(frame);
  }

  // "split" side by side, "overlay" one in the other.
  setLayout(layout) {
    const before = this.columns().length;
    this.layout = layout;
    if (this.columns().length !== before) this.refit();
    this.label();
    this.show();
  }

  highlight(slot, joints) {
    this.slots[slot]?.highlight?.(joints);
    this.invalidate();
  }

  view(name) {
    this.currentView = name;
    if (!this.stage) return this.show();
    this.stage.frame(this.columns().length);
    if (name in VIEWS) this.stage.place(VIEWS[name], 4, this.stage.placement().distance);
    this.invalidate();
  }

  reset() {
    this.view("home");
  }

  // The body in its photo, to be looked at instead of the 3D view; without a source there is none.
  setPhoto(source, words) {
    const { photo, sights } = this.shell;
    sights.hidden = !source;
    photo.alt = words;
    if (source) photo.src = source;
    else photo.removeAttribute("src");
    if (!source) this.showPhoto(false);
  }

  showPhoto(on) {
    this.shell.photo.hidden = !on;
    for (const choice of this.shell.sights.children) choice.setAttribute("aria-pressed", String((choice.dataset.sight === "photo") === on));
  }

  showPicture(slot, source) {
    this.picture?.show(slot, source);
  }

  // What is on screen, in the file's own frames; the camera as "azimuth,elevation,fov" in degrees.
  state() {
    const frames = {};
    for (const [slot, actor] of Object.entries(this.slots)) if (actor) frames[slot] = actor.frame * actor.meta.stride;
    return { frames, layout: this.layout, camera: this.cameraText() };
  }

  // ---- inside ------------------------------------------------------------------------------------------------

  cameraText() {
    const { azimuth, elevation, fov } = this.stage?.placement() ?? pictureView(this.currentView);
    return [azimuth, elevation, fov].map((value) => value.toFixed(1)).join(",");
  }

  actors() {
    return Object.values(this.slots).filter(Boolean);
  }

  columns() {
    const shown = this.actors();
    return shown.length > 1 && this.layout === "split" ? shown.map((actor) => [actor]) : [shown];
  }

  measure() {
    const shown = this.actors();
    this.timeline.setTracks(shown.map(({ frames, seconds, meta }) => ({ frames, seconds, meta })));
    if (!this.stage || !shown.length) return;
    this.stage.timeline = this.timeline.count > 1;
    this.stage.extent = {
      height: Math.max(0.6, ...shown.map((actor) => actor.meta.height)),
      reach: Math.max(0.4, ...shown.map((actor) => actor.meta.reach)),
    };
  }

  // Keeps the direction a person has chosen, fits the distance.
  refit() {
    if (!this.stage) return;
    const { azimuth, elevation } = this.stage.placement();
    this.stage.frame(this.columns().length);
    this.stage.place(azimuth, elevation, this.stage.placement().distance);
  }

  label() {
    const { root, shell } = this;
    for (const slot of ["A", "B"]) {
      const actor = this.slots[slot];
      shell.names[slot].hidden = !actor;
      shell.names[slot].lastChild.textContent = actor ? actor.meta.title : "";
      root.dataset[`shown${slot}`] = actor ? actor.meta.title : "";
    }
    shell.draft.hidden = !this.actors().some((actor) => actor.meta.draft);
    root.toggleAttribute("data-draft", !shell.draft.hidden);
    shell.legend.hidden = !this.actors().some((actor) => actor.meta.unseen?.length);
    const both = this.actors().length > 1;
    shell.layouts.hidden = !both;
    root.dataset.layout = both ? this.layout : "single";
    for (const choice of shell.layouts.children) {
      choice.setAttribute("aria-pressed", String(choice.dataset.layout === this.layout));
    }
    const what = this.actors().map((actor) => actor.meta.title).join(" and ");
    shell.screen.setAttribute("aria-label", `3D view of ${what || "nothing yet"}`);
    const about = this.actors().map((actor) => actor.meta.about).filter(Boolean).join(" ");
    shell.canvas.setAttribute("aria-label", `Shown: ${what || "nothing yet"}. ${about} ${shell.hint}`);
  }

  show() {
    const seconds = this.timeline.seconds();
    for (const actor of this.actors()) {
      const frame = Math.min(actor.frames - 1, Math.round(seconds / actor.seconds));
      if (actor.setFrame) actor.setFrame(frame);
      else actor.frame = frame;
    }
    const { A, B } = this.slots;
    if (this.stage && B) {
      if (A && this.layout === "overlay") B.shareGround(A);
      else B.standAlone();
    }
    this.root.dataset.frame = String(this.timeline.frame);
    this.picture?.request(this.state());
    this.settle();
    this.invalidate();
  }

  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      if (this.timeline.playing) return this.settle();
      if (this.actors().some((actor) => actor.meta.draft)) return; // nothing is said of it yet
      this.emit("settled", this.state());
    }, SETTLED_MS);
  }

  invalidate() {
    if (!this.stage || this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      const moving = this.stage.controls.update(); // damping goes on until the body stands still
      this.stage.draw(this.columns(), this.actors());
      this.root.dataset.draws = String(Number(this.root.dataset.draws || 0) + 1);
      if (moving) this.invalidate();
    });
  }

  resize() {
    if (!this.stage) return;
    const { clientWidth, clientHeight } = this.shell.screen;
    if (!clientWidth || !clientHeight) return;
    const turned = this.stage.size.x > this.stage.size.y !== clientWidth > clientHeight;
    this.stage.resize(clientWidth, clientHeight);
    if (turned) this.refit();
    this.stage.draw(this.columns(), this.actors()); // at once: a resized canvas is empty
  }

  recolor() {
    if (!this.stage) return;
    const style = getComputedStyle(this.root);
    const color = (name) => style.getPropertyValue(`--cp-${name}`).trim() || "#888";
    this.stage.setColors({
      line: color("grid"),
      shadow: Number(style.getPropertyValue("--cp-shadow")) || 0.2,
      dark: document.body.classList.contains("dark"),
    });
    for (const slot of ["A", "B"]) this.slots[slot]?.paint(color(`body-${slot.toLowerCase()}`), color("accent"));
    this.invalidate();
  }

  addButtons() {
    const { views, layouts } = this.shell;
    for (const name of ["front", "side", "back"]) {
      views.append(button(name[0].toUpperCase() + name.slice(1), `See the ${name}`, () => this.view(name)));
    }
    views.append(button("Reset", "Reset the view (R)", () => this.reset()));
    for (const [sight, text] of [["body", "3D"], ["photo", "Photo"]]) {
      const choice = button(text, sight === "body" ? "See the body in 3D" : "See the body in its photo", () => this.showPhoto(sight === "photo"));
      choice.dataset.sight = sight;
      this.shell.sights.append(choice);
    }
    this.showPhoto(false);
    for (const [layout, text] of [["split", "Side by side"], ["overlay", "Overlay"]]) {
      const choice = button(text, text, () => this.setLayout(layout));
      choice.dataset.layout = layout;
      layouts.append(choice);
    }
  }

  addKeys() {
    const turns = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    this.shell.canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.stage && event.key in turns) {
        this.stage.turn(...turns[event.key].map((sign) => sign * TURN_DEGREES));
      } else if ("+=".includes(event.key)) this.stage?.zoom(ZOOM_STEP);
      else if ("-_".includes(event.key)) this.stage?.zoom(1 / ZOOM_STEP);
      else if (event.key === "r" || event.key === "R") this.reset();
      else if (event.key === ",") this.timeline.step(-1);
      else if (event.key === ".") this.timeline.step(1);
      else if (event.key === " ") this.timeline.toggle();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    // ← → step through the frames wherever nothing else wants them.
    document.addEventListener("keydown", (event) => {
      if (event.target !== document.body || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "ArrowLeft") this.timeline.step(-1);
      else if (event.key === "ArrowRight") this.timeline.step(1);
      else return;
      event.preventDefault();
    });
  }

  // Files dropped on the left half are meant for A, on the right half for B; the page takes them.
  addDrop() {
    const { screen } = this.shell;
    const slotAt = (event) => {
      const { left, width } = screen.getBoundingClientRect();
      return event.clientX - left > width / 2 ? "B" : "A";
    };
    for (const type of ["dragenter", "dragover"]) {
      screen.addEventListener(type, (event) => {
        event.preventDefault();
        screen.dataset.drop = slotAt(event);
      });
    }
    screen.addEventListener("dragleave", () => delete screen.dataset.drop);
    screen.addEventListener("drop", (event) => {
      event.preventDefault();
      delete screen.dataset.drop;
      const kept = new DataTransfer(); // the event's own list may be gone once this returns
      for (const file of event.dataTransfer.files) kept.items.add(file);
      if (kept.files.length) this.emit("drop", { slot: slotAt(event), files: kept.files });
    });
  }
}
