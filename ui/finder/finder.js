// Finds poses: a form for words and statements, and one list that shows either what was found or what is similar to
// the pose on screen. A click on a picture shows that pose.
//
//   const finder = Finder.mount(element, (event, data) => …, { base });
//   finder.show({ list: "found", ask, tiles: [{ token, name, alt, note }], status, more, problem });
//
// Events: "find" with { ask, text, where, k }; "alike" with { ask, slot, frames }; "use_a", "use_b" with { token };
// "wake" when somebody is about to search.

import { Chips } from "./chips.js";
import { buildShell, element } from "./shell.js";

const FIRST = 12;
const MOST = 48;
const QUIET_MS = 350; // the description of a new pose goes first
const BUSY_MS = 150;
const SLOW_MS = 4000;
const GIVE_UP_MS = 60_000;
const HINTS = { found: "Search above to find poses.", similar: "Looking for similar poses…" };

export class Finder {
  static mount(root, emit, options) {
    if (!root.finder) root.finder = new Finder(root, emit, options);
    return root.finder;
  }

  constructor(root, emit, { base }) {
    this.root = root;
    this.emit = emit;
    this.base = base;
    this.shell = buildShell(root);
    this.chips = new Chips(this.shell, base);
    this.lists = { similar: newList("similar"), found: newList("found") };
    this.asked = 0;
    this.chosen = "similar";
    this.addForm();
    this.addTabs();
    this.addTiles();
    this.addScreen();
    this.draw();
  }

  // An answer of the server; one that is older than the last question is passed over.
  show(answer) {
    const list = this.lists[answer.list];
    if (!list || answer.ask !== list.asked) return;
    this.settle(list);
    Object.assign(list, { tiles: answer.tiles, more: Boolean(answer.more) });
    list.status = answer.problem || answer.status;
    list.problem = Boolean(answer.problem);
    if (list === this.list()) this.draw();
  }

  list() {
    return this.lists[this.chosen];
  }

  // ---- asking ------------------------------------------------------------------------------------------------

  ask(list, event, data) {
    this.settle(list);
    list.asked = this.asked += 1;
    list.busy = setTimeout(() => this.say(list, "Searching…", true), BUSY_MS);
    list.slow = setTimeout(() => this.say(list, "Still searching: the first search makes the library ready…", true), SLOW_MS);
    list.lost = setTimeout(() => {
      this.settle(list);
      Object.assign(list, { status: "No answer came. Try again.", problem: true, key: "" });
      this.draw();
    }, GIVE_UP_MS);
    this.emit(event, { ask: list.asked, ...data });
  }

  settle(list) {
    clearTimeout(list.busy);
    clearTimeout(list.slow);
    clearTimeout(list.lost);
    this.shell.panel.removeAttribute("aria-busy");
  }

  say(list, text, busy = false) {
    if (list !== this.list()) return;
    this.shell.status.textContent = text;
    this.shell.panel.setAttribute("aria-busy", String(busy));
  }

  find(k = FIRST) {
    this.chips.take();
    const text = this.shell.words.value.trim();
    const where = this.chips.lines();
    this.choose("found");
    const list = this.lists.found;
    if (!text && !where.length) {
      Object.assign(list, { tiles: [], more: false, problem: false, status: "Type words, or a statement that has to hold." });
      this.settle(list);
      list.asked = 0;
      return this.draw();
    }
    list.question = { text, where };
    list.k = k;
    this.ask(list, "find", { text, where, k });
  }

  // Similar poses follow the pose on screen while they are looked at.
  follow() {
    clearTimeout(this.following);
    const list = this.lists.similar;
    if (this.chosen !== "similar" || !this.screen || !this.root.offsetParent) return;
    const slot = "A";
    const key = JSON.stringify([slot, this.screen.loads, this.screen.frames]);
    if (key === list.key) return;
    this.following = setTimeout(() => {
      list.key = key;
      this.ask(list, "alike", { slot, frames: this.screen.frames });
    }, QUIET_MS);
  }

  // ---- events ------------------------------------------------------------------------------------------------

  addForm() {
    const { form, words } = this.shell;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.find();
    });
    form.addEventListener("focusin", () => this.emit("wake", {}), { once: true });
    words.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && this.shell.tiles.querySelector(".cp-tile")) {
        this.shell.tiles.querySelector(".cp-tile").focus();
        event.preventDefault();
      }
    });
  }

  addTabs() {
    const { tabs } = this.shell;
    for (const [name, tab] of Object.entries(tabs)) tab.addEventListener("click", () => this.choose(name));
    tabs.similar.parentElement.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      this.choose(this.chosen === "found" ? "similar" : "found");
      tabs[this.chosen].focus();
      event.preventDefault();
    });
  }

  choose(name) {
    if (name === this.chosen) return;
    this.chosen = name;
    this.draw();
    this.follow();
  }

  addTiles() {
    const { tiles } = this.shell;
    tiles.addEventListener("click", (event) => {
      if (event.target.closest(".cp-more-tiles")) return this.findMore();
      const tile = event.target.closest(".cp-tile");
      if (!tile) return;
      for (const other of tiles.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
      tile.setAttribute("aria-current", "true");
      this.list().current = tile.dataset.token;
      const slot = openSlot();
      this.emit(slot === "B" ? "use_b" : "use_a", { token: tile.dataset.token });
      if (slot === "B") this.compared();
    });
    tiles.addEventListener("keydown", (event) => this.step(event));
    tiles.addEventListener("focusin", (event) => this.rove(event.target.closest("button")));
  }

  findMore() {
    const { found } = this.lists;
    found.focusFrom = found.tiles.length;
    found.k = Math.min(MOST, 2 * found.k);
    this.ask(found, "find", { ...found.question, k: found.k });
  }

  // Arrows go from picture to picture; Tab leaves the list.
  step(event) {
    const all = [...this.shell.tiles.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const columns = Math.max(1, all.filter((one) => one.offsetTop === all[0].offsetTop).length);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (to < 0) return event.key === "ArrowUp" ? this.shell.words.focus() : undefined;
    all[Math.min(to, all.length - 1)].focus();
  }

  rove(button) {
    if (!button) return;
    for (const other of this.shell.tiles.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
  }

  addScreen() {
    document.addEventListener("chatpose:settled", (event) => {
      this.screen = event.detail;
      this.follow();
    });
    document.addEventListener("chatpose:tabbed", (event) => {
      if (event.detail === "similar") this.slotChanged();
      else this.forB(false);
    });
  }

  // What was looked for beside the body on screen is there: back to the comparison.
  compared() {
    this.forB(false);
    document.dispatchEvent(new CustomEvent("chatpose:tab", { detail: "compare" }));
  }

  forB(on) {
    const side = document.querySelector(".cp-side");
    if (side) side.dataset.finderSlot = on ? "B" : "A";
  }

  slotChanged() {
    this.hint();
    this.follow();
  }

  // ---- drawing -----------------------------------------------------------------------------------------------

  draw() {
    const { tabs, tiles, panel } = this.shell;
    const list = this.list();
    for (const [name, tab] of Object.entries(tabs)) {
      tab.setAttribute("aria-selected", String(name === this.chosen));
      tab.tabIndex = name === this.chosen ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", tabs[this.chosen].id);
    this.shell.status.textContent = list.status;
    this.root.toggleAttribute("data-problem", list.problem);
    const focused = tiles.contains(document.activeElement);
    const children = list.tiles.map((tile) => this.tile(tile, tile.token === list.current));
    if (list.more) children.push(moreButton());
    tiles.replaceChildren(...children);
    const all = [...tiles.querySelectorAll("button")];
    const first = list.focusFrom ?? 0;
    list.focusFrom = undefined;
    this.rove(all[first] ?? all[0]);
    if (focused) (all[first] ?? this.shell.words).focus({ preventScroll: first === 0 });
    else if (first === 0) tiles.scrollTo(0, 0);
    this.hint();
    this.root.dataset.shown = `${this.chosen} ${list.tiles.length}`;
  }

  hint() {
    const some = this.list().tiles.length > 0;
    this.shell.hint.textContent = some ? openSlot() === "B" ? "A click shows it as B, to compare." : "A click shows it." : "";
  }

  tile({ token, name, alt, note }, current) {
    const item = element("li");
    const button = element("button", "cp-tile", item);
    button.type = "button";
    button.title = alt;
    button.dataset.token = token;
    if (current) button.setAttribute("aria-current", "true");
    const picture = element("img", "", button);
    Object.assign(picture, { width: 104, height: 104, loading: "lazy", decoding: "async", alt });
    picture.src = new URL(`poses/${encodeURIComponent(token)}.webp`, this.base).href;
    element("span", "cp-tile-name", button).textContent = name;
    element("small", "", button).textContent = note;
    return item;
  }
}

function newList(name) {
  return { tiles: [], status: HINTS[name], problem: false, more: false, asked: 0, key: "", current: "" };
}

function moreButton() {
  const item = element("li", "cp-more-item");
  const button = element("button", "cp-more-tiles", item);
  button.type = "button";
  button.textContent = "Show more";
  return item;
}

// Where a click shows the pose: A, unless something to compare with is being looked for.
function openSlot() {
  return document.querySelector(".cp-side")?.dataset.finderSlot === "B" ? "B" : "A";
}
