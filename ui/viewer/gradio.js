// Joins a viewer to a gradio HTML component: runs the commands that arrive as its value, sends events back.
//
// value: { id, commands: [{ do: "load", slot, mesh, motion, meta }, { do: "clear", slot }, { do: "frame", frame }, …] },
// see chatpose/page/viewer.py. A value is run once. `mesh` is the address of a body that is fetched once, `motion` is
// base64, and so is `glb`, which comes instead of both where a body needs more than a mesh.

import { Viewer } from "./viewer.js";

export function connect(element, props, trigger) {
  const emit = (event, data) => {
    if (event === "drop") return handOver(data);
    if (event === "settled") tell(viewer, data);
    trigger(event, data);
  };
  const viewer = Viewer.mount(element.querySelector(".cp-viewer"), emit);
  let done = null;
  let queue = Promise.resolve();
  const run = () => {
    const update = props.value;
    if (!update?.commands || update.id === done) return;
    done = update.id;
    for (const command of update.commands) queue = queue.then(() => perform(viewer, command)).catch(report);
  };
  run();
  lightUp(viewer);
  return run;
}

// For other parts of the page: which frames are on screen, of which clips (by number).
function tell(viewer, { frames }) {
  document.dispatchEvent(new CustomEvent("chatpose:settled", { detail: { frames, loads: viewer.loads } }));
}

// Whatever carries data-slot and data-joints lights up that part of the body while it is pointed at or focused.
function lightUp(viewer) {
  const listen = (type, joints) => document.addEventListener(type, (event) => {
    const row = event.target.closest?.("[data-joints]");
    if (row) viewer.highlight(row.dataset.slot, joints(row).split(" ").filter(Boolean));
  });
  for (const type of ["mouseover", "focusin"]) listen(type, (row) => row.dataset.joints);
  for (const type of ["mouseout", "focusout"]) listen(type, () => "");
}

const ACTIONS = {
  load: async (viewer, { slot, glb, mesh, motion, meta }) => {
    if (glb) return viewer.load(slot, decode(glb), meta);
    return viewer.move(slot, new URL(`../bodies/${mesh}.glb`, import.meta.url).href, new Float32Array(decode(motion)), meta);
  },
  clear: (viewer, { slot }) => viewer.clear(slot),
  frame: (viewer, { frame }) => viewer.setFrame(frame),
  photo: (viewer, { source, words }) => viewer.setPhoto(source, words),
  picture: (viewer, { slot, png }) => viewer.showPicture(slot, `data:image/png;base64,${png}`),
};

// Dropped files are the conversation's, or are compared with what is on screen.
function handOver(detail) {
  document.dispatchEvent(new CustomEvent("chatpose:files", { detail }));
}

async function perform(viewer, command) {
  await ACTIONS[command.do](viewer, command);
}

function decode(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer;
}

function report(error) {
  console.error("chatpose viewer:", error);
}
