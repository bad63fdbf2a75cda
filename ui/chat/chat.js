// The conversation: messages, what to ask next, the composer, the bar above the page.
//
//   const chat = Chat.mount(element, (event, data) => …, { base, upload, bar });
//   chat.show({ messages, reset, note, problem, said, present, current, undo, redo, busy });
//
// Events: "ask" with { text, files: [{ path, name }], known }; "stop"; "act" with { do, … }.

import { Bar, keptTheme } from "./bar.js";
import { Composer } from "./composer.js";
import { icon } from "./icons.js";
import { MessageView } from "./messages.js";
import { NEXT, PROMPTS } from "./prompts.js";
import { buildShell, button, element, text } from "./shell.js";

const NEAR_END_PX = 90;
const NOTE_MS = 9000;
const SILENT_MS = 60_000;

export class Chat {
  static mount(root, emit, options) {
    if (!root.chat) root.chat = new Chat(root, emit, options);
    return root.chat;
  }

  constructor(root, emit, { base, upload, bar }) {
    Object.assign(this, { root, emit, base, upload });
    this.views = new Map();
    this.meta = { said: 0, present: [], current: null, undo: false, redo: false };
    this.shell = buildShell(root);
    const stop = () => this.composer.busy && this.stop();
    this.composer = new Composer(root, this.shell, { send: (said) => this.ask(said), stop, tell: (...words) => this.tell(...words) });
    this.bar = new Bar(bar, {
      act: (what, more) => this.act(what, more),
      openFile: (file) => this.openFile(file),
      focus: () => this.composer.focus(),
      stop,
    });
    keptTheme();
    this.drawHello();
    this.drawSuggestions();
    this.addClicks();
    this.listen();
    setInterval(() => this.tick(), 1000);
    root.dataset.ready = "true";
  }

  // ---- what the server says ------------------------------------------------------------------------------------

  show(update) {
    if (update.reset) this.clear();
    const near = this.isNearEnd();
    for (const message of update.messages ?? []) this.upsert(message);
    for (const name of ["said", "present", "current", "undo", "redo"]) if (name in update) this.meta[name] = update[name];
    if ("busy" in update) this.setBusy(update.busy);
    this.bar.set(this.meta);
    for (const view of this.views.values()) view.mark(this.meta.present, this.meta.current);
    this.drawSuggestions();
    if (update.note) this.tell(update.note, update.problem);
    if (near && update.messages?.length) this.toEnd();
    this.root.dataset.messages = String(this.views.size);
    this.root.dataset.current = this.meta.current ?? "";
  }

  upsert(message) {
    this.heard = performance.now();
    const known = this.views.get(message.key);
    if (known) known.show(message);
    else {
      const view = new MessageView(message, this.base);
      this.views.set(message.key, view);
      this.shell.log.append(view.root);
    }
    this.shell.hello.hidden = true;
    if (message.who !== "chatpose") return;
    const told = message.working ? message.status : message.text;
    if (told && told !== this.spoken) this.shell.live.textContent = this.spoken = told;
  }

  clear() {
    for (const view of this.views.values()) view.root.remove();
    this.views.clear();
    this.shell.hello.hidden = false;
    this.setBusy(false);
    this.meta.said = 0;
  }

  // ---- what the person does --------------------------------------------------------------------------------------

  async ask({ text: words, files }) {
    const number = this.meta.said;
    this.setBusy(true);
    this.tell("");
    document.dispatchEvent(new CustomEvent("chatpose:asked"));
    const names = files.map(({ name }) => ({ name, thumb: "" }));
    this.upsert({ key: `u${number}`, who: "person", text: words, files: names });
    this.upsert({ key: `b${number}`, who: "chatpose", working: true, status: files.length ? "Uploading…" : "Reading…", text: "" });
    this.toEnd();
    try {
      const sent = await this.sendUp(files);
      this.emit("ask", { text: words, files: sent, known: number });
    } catch {
      this.fail(`b${number}`, "The files didn't get through. Attach them again, or try smaller ones.");
    }
  }

  stop() {
    this.emit("stop", {});
    this.shell.live.textContent = "Stopping…";
  }

  act(what, more = {}) {
    this.emit("act", { do: what, ...more });
  }

  async openFile(file) {
    this.tell("Opening…");
    try {
      const [sent] = await this.sendUp([file]);
      this.act("open", { file: sent });
    } catch {
      this.tell("The file didn't get through. Try again.", true);
    }
  }

  // Files that are dropped on the body: on its left half to be talked about, on its right half to be compared.
  async take({ slot, files }) {
    if (slot === "A") return this.ask({ text: "", files: [...files] });
    try {
      const [sent] = await this.sendUp([files[0]]);
      this.act("compare_file", { file: sent });
    } catch {
      this.tell("The file didn't get through. Try again.", true);
    }
  }

  async sendUp(files) {
    return Promise.all(
      files.map(async (file) => {
        const { path } = await this.upload(file);
        if (!path) throw new Error("no upload");
        return { path, name: file.name };
      }),
    );
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  addClicks() {
    this.root.addEventListener("click", (event) => {
      const { target } = event;
      const prompt = target.closest("[data-prompt]");
      if (prompt) return this.begin(prompt);
      const view = this.views.get(target.closest(".cp-message")?.dataset.key);
      if (!view) return;
      const pose = target.closest("[data-number]");
      if (pose) return this.act("choose", { number: Number(pose.dataset.number) });
      const hit = target.closest("[data-place]");
      if (hit) return this.act("hit", { list: view.message.list, place: Number(hit.dataset.place) });
      const file = target.closest("[data-file]");
      if (file) return this.act("fetch", { turn: view.message.turn, place: Number(file.dataset.file) });
      if (target.closest(".cp-badge")) {
        document.dispatchEvent(new CustomEvent("chatpose:tab", { detail: "checklist" }));
      }
    });
  }

  begin(prompt) {
    if (this.composer.busy) return;
    if ("pick" in prompt.dataset) {
      this.shell.input.value = prompt.dataset.prompt;
      this.shell.files.click();
      return;
    }
    this.ask({ text: prompt.dataset.prompt, files: [] });
  }

  listen() {
    document.addEventListener("chatpose:files", (event) => this.take(event.detail));
    document.addEventListener("chatpose:ask", (event) => !this.composer.busy && this.ask({ text: event.detail, files: [] }));
    document.addEventListener("chatpose:tell", (event) => this.tell(...event.detail));
  }

  setBusy(busy) {
    this.composer.setBusy(busy);
    this.heard = performance.now();
  }

  tick() {
    for (const view of this.views.values()) if (view.message.working) view.tick();
    if (this.composer.busy && performance.now() - this.heard > SILENT_MS) {
      this.tell("Nothing was heard from the server for a minute. It may be busy; Stop, and try again.", true);
      this.heard = performance.now();
    }
  }

  fail(key, words) {
    this.upsert({ key, who: "chatpose", working: false, problem: true, text: words });
    this.setBusy(false);
  }

  tell(words, problem = false) {
    const { note } = this.shell;
    clearTimeout(this.noted);
    note.textContent = words;
    note.hidden = !words;
    note.toggleAttribute("data-problem", problem);
    note.setAttribute("role", problem ? "alert" : "status");
    if (words) this.noted = setTimeout(() => (note.hidden = true), problem ? 2 * NOTE_MS : NOTE_MS);
  }

  drawHello() {
    const { hello } = this.shell;
    text("h2", "", "What pose do you have in mind?", hello);
    text(
      "p",
      "",
      "Say it in words, show a photo or a pose file, or search the library. Every answer is measured on the body before you see it.",
      hello,
    );
    const list = element("ul", "cp-prompts", hello);
    for (const { sign, name, text: words, pick } of PROMPTS) {
      const card = element("button", "cp-prompt", element("li", "", list));
      card.type = "button";
      card.dataset.prompt = words;
      if (pick) card.dataset.pick = "";
      card.append(icon(sign));
      text("b", "", name, card);
      text("span", "", pick ? `${words} Choose a photo or a pose file.` : words, card);
    }
  }

  drawSuggestions() {
    const kind = this.meta.current ? "pose" : "empty";
    if (this.suggested === kind) return;
    this.suggested = kind;
    this.shell.suggestions.replaceChildren();
    for (const words of NEXT[kind]) {
      button("cp-next", words, this.shell.suggestions, { name: words }).dataset.prompt = words;
    }
  }

  isNearEnd() {
    const { log } = this.shell;
    return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  }

  toEnd() {
    const { log } = this.shell;
    requestAnimationFrame(() => log.scrollTo({ top: log.scrollHeight }));
  }
}
