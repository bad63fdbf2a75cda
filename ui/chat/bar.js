// The bar above everything: undo and redo, the conversation as a file, theme, shortcuts.

import { button, element, text } from "./shell.js";

const KEYS = [
  ["/", "Write a message"],
  ["Enter", "Send it (Shift+Enter: new line)"],
  ["Esc", "Stop the answer"],
  ["Ctrl Z", "Undo (Ctrl Shift Z: redo), outside of text"],
  ["Alt 1 … 6", "Checklist, Poses, Similar, Compare, Download, Photo"],
  ["← → ↑ ↓", "On the body: turn it; in a list: go from picture to picture"],
  ["+  −  R", "On the body: nearer, farther, as at the start"],
  [",  .  Space", "On the body: frame back, frame on, play"],
  ["?", "This list"],
];

export class Bar {
  // act(what), openFile(File)
  constructor(root, { act, openFile, focus, stop }) {
    this.root = root;
    this.act = act;
    this.focusInput = focus;
    this.stopIt = stop;
    const brand = element("div", "cp-brand", root);
    text("h1", "", "chatpose", brand);
    text("p", "", "Talk about human poses", brand);
    const row = element("nav", "cp-actions", root);
    row.setAttribute("aria-label", "Conversation and page");
    const add = (name, label, sign, run) => {
      const made = button("cp-act", label, row, { name, sign });
      made.addEventListener("click", run);
      return made;
    };
    this.undo = add("Undo", "Undo (Ctrl Z)", "undo", () => act("undo"));
    this.redo = add("Redo", "Redo (Ctrl Shift Z)", "redo", () => act("redo"));
    element("i", "cp-rule", row);
    add("New", "New conversation", "fresh", () => this.fresh());
    const file = element("input", "cp-open-file", row);
    Object.assign(file, { type: "file", accept: ".json,application/json", hidden: true });
    file.setAttribute("aria-label", "Saved conversation");
    file.addEventListener("change", () => {
      if (file.files[0]) openFile(file.files[0]);
      file.value = "";
    });
    add("Open", "Open a saved conversation", "open", () => file.click());
    this.save = add("Save", "Save the conversation as a file", "save", () => act("save"));
    element("i", "cp-rule", row);
    add("Light / dark", "Light / dark", "theme", turnTheme).classList.add("cp-act-sign");
    add("Shortcuts", "Shortcuts", "keys", () => this.showKeys()).classList.add("cp-act-sign");
    this.addKeys();
    this.set({ undo: false, redo: false, said: 0 });
  }

  set({ undo, redo, said }) {
    this.undo.disabled = !undo;
    this.redo.disabled = !redo;
    this.save.disabled = !said && !undo;
    this.said = said;
  }

  fresh() {
    const dialog = element("dialog", "cp-dialog", document.body);
    dialog.setAttribute("aria-label", "New conversation");
    if (!this.said) return dialog.remove() ?? this.act("fresh");
    text("p", "", "Begin a new conversation? This one is deleted unless you save it first.", dialog);
    const row = element("div", "cp-dialog-row", dialog);
    const end = (run) => () => {
      dialog.close();
      dialog.remove();
      run?.();
    };
    button("cp-primary", "Begin anew", row, { name: "Begin anew" }).addEventListener("click", end(() => this.act("fresh")));
    button("cp-plain", "Save first", row, { name: "Save first" }).addEventListener("click", end(() => this.act("save")));
    button("cp-plain", "Cancel", row, { name: "Cancel" }).addEventListener("click", end());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }

  showKeys() {
    if (document.querySelector(".cp-shortcuts")) return;
    const dialog = element("dialog", "cp-dialog cp-shortcuts", document.body);
    dialog.setAttribute("aria-label", "Shortcuts");
    text("h2", "", "Shortcuts", dialog);
    const list = element("dl", "", dialog);
    for (const [key, what] of KEYS) {
      const row = element("div", "", list);
      text("kbd", "", key, element("dt", "", row));
      text("dd", "", what, row);
    }
    const close = button("cp-plain", "Close", element("div", "cp-dialog-row", dialog), { name: "Close" });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }

  addKeys() {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) return this.stopIt();
      if (event.defaultPrevented || event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
      const control = event.ctrlKey || event.metaKey;
      if (control && event.key.toLowerCase() === "z") this.act(event.shiftKey ? "redo" : "undo");
      else if (control || event.altKey) return;
      else if (event.key === "/") this.focusInput();
      else if (event.key === "?") this.showKeys();
      else return;
      event.preventDefault();
    });
  }
}

// What was chosen is kept in this browser, and only that.
function turnTheme() {
  const dark = document.body.classList.toggle("dark");
  try {
    localStorage.setItem("chatpose-theme", dark ? "dark" : "light");
  } catch {
    // Without storage it lasts until the page is left.
  }
}

export function keptTheme() {
  try {
    const kept = localStorage.getItem("chatpose-theme");
    if (kept) document.body.classList.toggle("dark", kept === "dark");
  } catch {
    // As the system has it.
  }
}
