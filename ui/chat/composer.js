// Where people write: text, files that are typed, pasted, dropped or taken by the camera.

import { takePhoto } from "./camera.js";
import { button, element, text } from "./shell.js";

const MOST_FILES = 10;
const MOST_BYTES = 64 * 2 ** 20;
const PHOTO = /^image\//;

export class Composer {
  // send({ text, files }), tell(words, problem)
  constructor(root, shell, { send, stop, tell }) {
    Object.assign(this, { root, shell, sendOut: send, stopIt: stop, tell });
    this.files = [];
    this.busy = false;
    this.addForm();
    this.addFiles();
  }

  // ---- what others call ----------------------------------------------------------------------------------------

  setBusy(busy) {
    this.busy = busy;
    this.shell.send.hidden = busy;
    this.shell.stop.hidden = !busy;
    this.shell.stop.disabled = false;
    this.root.toggleAttribute("data-busy", busy);
  }

  focus() {
    this.shell.input.focus({ preventScroll: true });
  }

  attach(files) {
    for (const file of files) {
      if (this.files.length >= MOST_FILES) return this.tell(`At most ${MOST_FILES} files at once.`, true);
      if (file.size > MOST_BYTES) this.tell(`${file.name} is larger than 64 MB. Make it smaller first.`, true);
      else if (!file.size) this.tell(`${file.name} is empty.`, true);
      else this.files.push(file);
    }
    this.drawChips();
    this.focus();
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  submit() {
    const words = this.shell.input.value.trim();
    if (this.busy || (!words && !this.files.length)) return;
    const files = this.files;
    this.files = [];
    this.shell.input.value = "";
    this.grow();
    this.drawChips();
    this.sendOut({ text: words, files });
  }

  addForm() {
    const { form, input, stop } = this.shell;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    input.addEventListener("input", () => this.grow());
    form.addEventListener("click", (event) => {
      if (event.target === form) input.focus();
    });
    stop.addEventListener("click", () => {
      stop.disabled = true;
      this.stopIt();
    });
  }

  grow() {
    const { input } = this.shell;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 168)}px`;
  }

  addFiles() {
    const { attach, camera, files, chips } = this.shell;
    attach.addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.attach([...files.files]);
      files.value = "";
    });
    camera.hidden = !navigator.mediaDevices?.getUserMedia;
    camera.addEventListener("click", async () => {
      const photo = await takePhoto();
      if (photo) this.attach([photo]);
      else camera.focus();
    });
    chips.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (!chip) return;
      this.files.splice(Number(chip.dataset.at), 1);
      this.drawChips();
      this.focus();
    });
    document.addEventListener("paste", (event) => {
      const pasted = [...(event.clipboardData?.files ?? [])];
      if (!pasted.length) return;
      this.attach(pasted);
      event.preventDefault();
    });
    this.addDrop();
  }

  // Anywhere but on the body, which takes files itself.
  addDrop() {
    let depth = 0;
    const meant = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.(".cp-screen");
    const veil = (on) => this.root.toggleAttribute("data-drop", on);
    document.addEventListener("dragenter", (event) => {
      depth += 1;
      veil(meant(event));
    });
    document.addEventListener("dragleave", () => {
      depth = Math.max(0, depth - 1);
      if (!depth) veil(false);
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      depth = 0;
      veil(false);
      if (event.defaultPrevented && !meant(event)) return;
      event.preventDefault();
      if (meant(event)) this.attach([...event.dataTransfer.files]);
    });
  }

  drawChips() {
    const { chips } = this.shell;
    for (const picture of chips.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
    chips.replaceChildren();
    chips.hidden = !this.files.length;
    this.files.forEach((file, at) => {
      const chip = button("cp-chip-file", `Remove ${file.name}`, element("li", "", chips), { sign: PHOTO.test(file.type) ? "" : "file" });
      chip.dataset.at = at;
      if (PHOTO.test(file.type)) {
        const picture = element("img", "", chip);
        Object.assign(picture, { src: URL.createObjectURL(file), alt: "" });
      }
      text("span", "", file.name, chip);
    });
  }
}
