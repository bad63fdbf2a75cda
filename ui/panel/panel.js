// What stands under the body: checklist, poses, similar (the finder's own), compare, download, photo; one tab at a time.
//
//   const panel = Panel.mount(element, (event, data) => …, { base, state });
//   panel.show({ current, asked, measured, tray, on, beside, way, examples, formats, photo });  whatever is absent stays
//
// Event: "act" with { do, … }.

import { element, text } from "../chat/shell.js";
import { checklist, compare, downloads, photo, tray } from "./views.js";

// On a narrow page the conversation is one of the tabs.
const NARROW = "(max-width: 820px)";
const TABS = {
  talk: { name: "Chat" },
  checklist: { name: "Checklist", draw: checklist, of: ["current", "asked", "measured"] },
  poses: { name: "Poses", draw: tray, of: ["tray", "on", "examples"] },
  similar: { name: "Similar" },
  compare: { name: "Compare", draw: compare, of: ["tray", "on", "examples", "beside", "way", "current"] },
  download: { name: "Download", draw: downloads, of: ["formats", "beside", "current"] },
  photo: { name: "Photo", draw: photo, of: ["photo", "on"] },
};

export class Panel {
  static mount(root, emit, options) {
    if (!root.panel) root.panel = new Panel(root, emit, options);
    return root.panel;
  }

  constructor(root, emit, { base, state, finderId }) {
    Object.assign(this, { root, emit, base, state });
    this.data = { current: {}, asked: [], measured: null, tray: [], on: null, beside: null, way: "", examples: [], formats: [], photo: null };
    root.replaceChildren();
    this.strip = element("div", "cp-tabs", root);
    this.strip.setAttribute("role", "tablist");
    this.strip.setAttribute("aria-label", "About the pose");
    this.tabs = {};
    this.panes = {};
    for (const [name, { name: words }] of Object.entries(TABS)) this.addTab(name, words, finderId);
    this.strip.addEventListener("keydown", (event) => this.step(event));
    this.strip.addEventListener("scroll", () => this.hint(), { passive: true });
    new ResizeObserver(() => this.hint()).observe(this.strip);
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("change", (event) => this.change(event));
    this.listen();
    this.drawn = {};
    this.narrow = matchMedia(NARROW);
    this.narrow.addEventListener("change", () => this.fit());
    this.fit();
    root.dataset.ready = "true";
  }

  show(update) {
    for (const name of Object.keys(this.data)) if (name in update) this.data[name] = update[name];
    this.tabs.photo.hidden = !this.data.photo;
    if (!this.data.photo && this.chosen === "photo") this.choose("checklist");
    this.tabs.poses.lastChild.textContent = this.data.tray.length || "";
    this.hint();
    this.draw();
  }

  choose(name) {
    if (!this.tabs[name] || this.tabs[name].hidden) return;
    this.chosen = name;
    for (const [other, tab] of Object.entries(this.tabs)) {
      const is = other === name;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      if (this.panes[other]) this.panes[other].hidden = !is;
    }
    const side = this.root.closest(".cp-side");
    if (side) side.dataset.tab = name;
    const app = this.root.closest(".cp-app");
    if (app) app.dataset.phone = name === "talk" ? "talk" : "details";
    this.root.dataset.tab = name;
    this.reveal(this.tabs[name]);
    this.draw();
    document.dispatchEvent(new CustomEvent("chatpose:tabbed", { detail: name }));
  }

  fit() {
    this.tabs.talk.hidden = !this.narrow.matches;
    this.choose(this.narrow.matches ? "talk" : "checklist");
  }

  act(what, more = {}) {
    this.emit("act", { do: what, ...more });
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  addTab(name, words, finderId) {
    const tab = element("button", "cp-tab", this.strip);
    Object.assign(tab, { type: "button", id: `cp-tab-${name}` });
    text("span", "", words, tab);
    text("small", "", "", tab);
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", () => this.choose(name));
    this.tabs[name] = tab;
    if (!TABS[name].draw) return tab.setAttribute("aria-controls", name === "talk" ? "cp-chat" : finderId);
    const pane = element("div", `cp-pane cp-pane-${name}`, this.root);
    pane.id = `cp-pane-${name}`;
    pane.tabIndex = 0;
    pane.setAttribute("role", "tabpanel");
    pane.setAttribute("aria-labelledby", tab.id);
    tab.setAttribute("aria-controls", pane.id);
    this.panes[name] = pane;
  }

  listen() {
    document.addEventListener("chatpose:tab", (event) => this.choose(event.detail));
    document.addEventListener("chatpose:asked", () => this.narrow.matches && this.choose("talk"));
    document.addEventListener("keydown", (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey) return;
      const name = Object.keys(TABS)[Number(event.code.match(/^Digit([1-6])$/)?.[1])];
      if (!name || this.tabs[name].hidden) return;
      this.choose(name);
      this.tabs[name].focus();
      event.preventDefault();
    });
  }

  // A strip that is wider than its place fades out where it goes on.
  hint() {
    const { scrollLeft, scrollWidth, clientWidth } = this.strip;
    const [before, after] = [scrollLeft > 4, scrollLeft + clientWidth < scrollWidth - 4];
    this.strip.dataset.more = before && after ? "both" : before ? "start" : after ? "end" : "";
  }

  reveal(tab) {
    const { offsetLeft, offsetWidth } = tab;
    this.strip.scrollLeft = offsetLeft - this.strip.offsetLeft - (this.strip.clientWidth - offsetWidth) / 2;
    this.hint();
  }

  step(event) {
    const names = Object.keys(TABS).filter((name) => !this.tabs[name].hidden);
    const at = names.indexOf(this.chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const name = names[(to + names.length) % names.length];
    this.choose(name);
    this.tabs[name].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  draw() {
    const { chosen } = this;
    const { draw, of } = TABS[chosen] ?? {};
    if (!draw) return;
    const key = JSON.stringify(of.map((name) => this.data[name]));
    if (this.drawn[chosen] === key) return;
    this.drawn[chosen] = key;
    const pane = this.panes[chosen];
    const focused = pane.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const { scrollTop } = pane;
    pane.replaceChildren(...draw(this.data, this.base));
    pane.scrollTop = scrollTop;
    if (focused) pane.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.root.dataset.drawn = `${chosen} ${this.data.on ?? ""}`;
  }

  click(event) {
    const target = event.target.closest("[data-do]");
    if (!target || target.disabled || target.matches("input, select")) return;
    const { do: what, number, exampleKey, slot, suffix } = target.dataset;
    if (what === "choose" || what === "compare") return this.act(what, { number: Number(number) });
    if (what === "example") return this.act(what, { key: exampleKey, slot });
    if (what === "download") return this.download(suffix);
    if (what === "find-b") return this.findB();
    if (what === "ask") return document.dispatchEvent(new CustomEvent("chatpose:ask", { detail: target.dataset.text }));
    this.act(what, { number: this.data.on });
  }

  change(event) {
    const { target } = event;
    const { on } = this.data;
    if (target.dataset.do === "up") this.act("up", { number: on, axis: target.value });
    if (target.dataset.do === "readings") this.act("readings", { number: on, on: target.checked });
  }

  download(suffix) {
    const slot = this.root.querySelector("input[name=cp-slot]:checked")?.value ?? "A";
    document.dispatchEvent(new CustomEvent("chatpose:tell", { detail: ["Writing the file…"] }));
    this.act("download", { suffix, slot, state: this.state() });
  }

  // The next pose that is chosen in the finder goes beside the one on screen.
  findB() {
    this.root.closest(".cp-side").dataset.finderSlot = "B";
    this.choose("similar");
    document.querySelector("#cp-finder .cp-find-input")?.focus();
  }
}
