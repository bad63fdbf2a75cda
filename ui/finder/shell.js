// The finder's elements. Text only ever goes in as text.

export function buildShell(root) {
  root.replaceChildren();
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Find poses");
  const form = element("form", "cp-find-form", root);
  form.setAttribute("role", "search");
  const line = element("div", "cp-find-line", form);
  const words = field("search", "Find poses by words", "kneeling, arms up…", line);
  words.maxLength = 2000;
  const go = element("button", "cp-find-go", line);
  go.type = "submit";
  go.textContent = "Find";
  const narrow = element("div", "cp-find-where", form);
  const chips = element("div", "cp-chips-where", narrow);
  chips.setAttribute("role", "group");
  chips.setAttribute("aria-label", "Statements that have to hold");
  const where = field("text", "Only poses where this statement holds; Enter adds it", "only where… left knee: straight", narrow);
  where.maxLength = 200;
  const known = element("datalist", "", narrow);
  known.id = "cp-known-statements";
  where.setAttribute("list", known.id);
  const strip = element("div", "cp-find-tabs", root);
  strip.setAttribute("role", "tablist");
  strip.setAttribute("aria-label", "What is listed");
  const tabs = { similar: tab("Similar poses", "similar", strip), found: tab("Found", "found", strip) };
  const panel = element("div", "cp-find-panel", root);
  panel.id = "cp-find-panel";
  panel.setAttribute("role", "tabpanel");
  const head = element("p", "cp-find-head", panel);
  const status = element("span", "cp-find-status", head);
  status.setAttribute("role", "status");
  head.append(" ");
  const hint = element("span", "cp-find-hint", head);
  const tiles = element("ul", "cp-tiles", panel);
  tiles.setAttribute("role", "list");
  return { form, words, where, chips, known, tabs, panel, status, tiles, hint };
}

export function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

function field(type, label, placeholder, parent) {
  const input = element("input", "cp-find-input", parent);
  Object.assign(input, { type, placeholder, autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-label", label);
  return input;
}

function tab(text, name, parent) {
  const made = element("button", "cp-find-tab", parent);
  made.type = "button";
  made.id = `cp-find-tab-${name}`;
  made.textContent = text;
  made.setAttribute("role", "tab");
  made.setAttribute("aria-controls", "cp-find-panel");
  return made;
}
