// The chat's elements. Text only ever goes in as text.

import { icon } from "./icons.js";

export function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

export function text(tag, className, words, parent) {
  const made = element(tag, className, parent);
  made.textContent = words;
  return made;
}

export function button(className, label, parent, { name = "", sign = "" } = {}) {
  const made = element("button", className, parent);
  made.type = "button";
  if (sign) made.append(icon(sign));
  if (name) text("span", "", name, made);
  if (label !== name) {
    made.setAttribute("aria-label", label);
    made.title = label;
  }
  return made;
}

// A small picture of a pose, drawn by the server.
export function pictureOf(base, { token, alt }, parent) {
  const picture = element("img", "", parent);
  Object.assign(picture, { width: 104, height: 104, loading: "lazy", decoding: "async", alt });
  picture.src = new URL(`poses/${encodeURIComponent(token)}.webp`, base).href;
  return picture;
}

export function buildShell(root) {
  root.replaceChildren();
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Conversation");
  const log = element("div", "cp-log", root);
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", "off"); // what is new is told by `live`, once, when it is finished
  log.setAttribute("aria-label", "Messages");
  log.tabIndex = 0;
  const hello = element("div", "cp-hello", log);
  const foot = element("div", "cp-foot", root);
  const note = element("p", "cp-note", foot);
  note.hidden = true;
  const suggestions = element("div", "cp-suggest", foot);
  suggestions.setAttribute("role", "group");
  suggestions.setAttribute("aria-label", "What to ask next");
  const form = element("form", "cp-composer", foot);
  form.setAttribute("aria-label", "Message");
  const chips = element("ul", "cp-attached", form);
  chips.setAttribute("aria-label", "Attached");
  const input = element("textarea", "cp-input", form);
  Object.assign(input, { rows: 1, maxLength: 4000, placeholder: "Describe a pose, or ask about one…" });
  input.setAttribute("aria-label", "Message");
  input.setAttribute("enterkeyhint", "send");
  const tools = element("div", "cp-composer-tools", form);
  const attach = button("cp-tool", "Attach photos or pose files", tools, { sign: "clip" });
  const camera = button("cp-tool", "Take a photo", tools, { sign: "camera" });
  const keys = text("span", "cp-keys-hint", "Enter sends · Shift+Enter new line", tools);
  keys.setAttribute("aria-hidden", "true");
  const send = button("cp-send", "Send", tools, { sign: "up" });
  send.type = "submit";
  const stop = button("cp-stop", "Stop (Esc)", tools, { sign: "stop", name: "Stop" });
  stop.hidden = true;
  const files = element("input", "cp-files", form);
  Object.assign(files, { type: "file", multiple: true, hidden: true, tabIndex: -1 });
  files.setAttribute("aria-label", "Files to attach");
  const live = element("p", "cp-live", root);
  live.setAttribute("role", "status");
  const veil = text("div", "cp-veil", "Drop photos or pose files", root);
  veil.setAttribute("aria-hidden", "true");
  return { log, hello, note, suggestions, form, chips, input, attach, camera, send, stop, files, live };
}
