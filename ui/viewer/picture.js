// Stands in where the browser has no WebGL: pictures drawn by the server, asked for one at a time.

import { element } from "./shell.js";

const NOTE = "This browser shows no 3D (WebGL is off), so the body comes as pictures: choose a side above.";

export class Picture {
  constructor(shell, ask) {
    this.ask = ask;
    shell.canvas.hidden = true;
    const frame = element("div", "cp-pictures", shell.screen);
    this.images = { A: element("img", "cp-picture", frame), B: element("img", "cp-picture", frame) };
    for (const image of Object.values(this.images)) image.hidden = true;
    shell.hintLine.setAttribute("role", "status");
    shell.hintLine.textContent = NOTE;
  }

  // Waits a little, so that dragging the slider asks for the last frame only.
  request(state) {
    clearTimeout(this.timer);
    for (const slot of ["A", "B"]) if (!(slot in state.frames)) this.images[slot].hidden = true;
    if (Object.keys(state.frames).length) this.timer = setTimeout(() => this.ask(state), 200);
  }

  show(slot, source) {
    this.images[slot].src = source;
    this.images[slot].alt = `Body ${slot}`;
    this.images[slot].hidden = false;
  }
}
