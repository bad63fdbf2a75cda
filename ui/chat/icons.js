// Line icons, drawn for this page on a grid of 20.

const PATHS = {
  clip: "M15.5 9.2 9.9 14.8a3.4 3.4 0 0 1-4.8-4.8l6.1-6.1a2.3 2.3 0 0 1 3.2 3.2l-6 6a1.1 1.1 0 0 1-1.6-1.6l5.5-5.5",
  camera: "M3 7.2h2.9l1.3-2.2h5.6l1.3 2.2H17v8.6H3zM10 13.6a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  up: "M10 16V4.5M5 9.4l5-5 5 5",
  stop: "M6 6h8v8H6z",
  undo: "M4.5 8h8a3.8 3.8 0 0 1 0 7.6H8M7.6 4.6 4.2 8l3.4 3.4",
  redo: "M15.5 8h-8a3.8 3.8 0 0 0 0 7.6H12M12.4 4.6 15.8 8l-3.4 3.4",
  fresh: "M10 4.5v11M4.5 10h11",
  open: "M3.5 15.5v-10h4.6l1.6 2h6.8v8z",
  save: "M10 3.8v8.4M6.4 8.8 10 12.4l3.6-3.6M4 15.8h12",
  theme: "M10 3.4a6.6 6.6 0 1 0 0 13.2zM10 3.4a6.6 6.6 0 0 1 0 13.2",
  keys: "M7.4 7.6a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.1.8-1.1 1.8M10 14.8v.2",
  check: "M4.6 10.6 8.4 14.4 15.6 6.2",
  cross: "M5.6 5.6l8.8 8.8M14.4 5.6l-8.8 8.8",
  person: "M10 7.2a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2zM4.5 9.6 10 8.8l5.5.8M10 8.8v4M10 12.8l-2.6 4.4M10 12.8l2.6 4.4",
  photo: "M3.4 4.6h13.2v10.8H3.4zM3.6 13.6l3.8-4 3 3 2.3-2.2 3.8 3.4M12.9 8.3v.1",
  search: "M9 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12.7 12.7 16.4 16.4",
  edit: "M4 16l.7-3.1 8.4-8.4a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.1 15.3z",
  ask: "M4 4.8h12v8.6H9.4L6 16.4v-3H4z",
  file: "M6 3.5h5.2L15 7.3v9.2H6zM11 3.7v3.8h3.8",
};

export function icon(name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 20 20");
  made.setAttribute("aria-hidden", "true");
  made.classList.add("cp-icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  made.append(path);
  return made;
}
