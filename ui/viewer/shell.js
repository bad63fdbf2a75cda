// The viewer's elements. Text only ever goes in as text.

const KEYS = "Drag to turn, scroll to zoom. Keys: arrows turn, + and − zoom, R resets, comma and full stop step, space plays.";
const TOUCH = "Drag sideways to turn, pinch to zoom.";
const DRAFT = "Draft, being checked…";
const UNSEEN = "Striped: not seen, guessed";

export function buildShell(root) {
  root.replaceChildren();
  const screen = element("div", "cp-screen", root);
  screen.setAttribute("role", "group");
  const canvas = element("canvas", "cp-canvas", screen);
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  const names = {};
  const photo = element("img", "cp-photo-view", screen);
  photo.hidden = true;
  const plates = element("div", "cp-names", screen);
  for (const slot of ["A", "B"]) {
    names[slot] = element("div", `cp-name cp-name-${slot.toLowerCase()}`, plates);
    element("b", "", names[slot]).textContent = slot;
    element("span", "", names[slot]);
    names[slot].hidden = true;
  }
  const tools = element("div", "cp-tools", screen);
  const legend = element("p", "cp-legend", tools);
  element("i", "", legend).setAttribute("aria-hidden", "true");
  element("span", "", legend).textContent = UNSEEN;
  legend.hidden = true;
  const draft = element("p", "cp-draft", tools);
  draft.textContent = DRAFT;
  draft.hidden = true;
  const sights = element("div", "cp-group cp-sights", tools);
  sights.setAttribute("role", "group");
  sights.setAttribute("aria-label", "3D or photo");
  sights.hidden = true;
  const layouts = element("div", "cp-group", tools);
  layouts.setAttribute("role", "group");
  layouts.setAttribute("aria-label", "Comparison");
  layouts.hidden = true;
  const views = element("div", "cp-group cp-views", tools);
  views.setAttribute("role", "group");
  views.setAttribute("aria-label", "Camera");
  const timeline = element("div", "cp-timeline", root);
  const hint = element("p", "cp-hint", root);
  element("span", "cp-keys", hint).textContent = KEYS;
  element("span", "cp-touch", hint).textContent = TOUCH;
  return { screen, canvas, names, draft, photo, sights, layouts, views, timeline, legend, hint: KEYS, hintLine: hint };
}

export function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

export function button(text, label, act) {
  const made = element("button", "cp-button");
  made.type = "button";
  made.textContent = text;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}
