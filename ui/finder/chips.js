// Statements that have to hold: typed one at a time, kept as chips that a click takes away.

import { element } from "./shell.js";

const MOST = 20;

export class Chips {
  constructor({ where, chips, known }, base) {
    Object.assign(this, { input: where, place: chips, known, base });
    where.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && where.value.trim()) {
        this.take();
        event.preventDefault();
      } else if (event.key === "Backspace" && !where.value) this.place.lastElementChild?.remove();
    });
    where.addEventListener("focus", () => this.suggest(), { once: true });
    this.place.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (!chip) return;
      chip.remove();
      where.focus();
    });
  }

  lines() {
    return [...this.place.children].map((chip) => chip.dataset.line);
  }

  // What is typed becomes a chip; the same one again doesn't.
  take() {
    const line = this.input.value.trim();
    this.input.value = "";
    if (!line || this.lines().includes(line) || this.lines().length >= MOST) return;
    const chip = element("button", "cp-chip", this.place);
    chip.type = "button";
    chip.dataset.line = line;
    chip.textContent = line;
    chip.setAttribute("aria-label", `Remove: ${line}`);
    chip.title = "Remove";
  }

  // The statements that there are, for the browser to suggest.
  async suggest() {
    try {
      const answer = await fetch(new URL("statements.json", this.base));
      const options = (await answer.json()).map((line) => {
        const option = document.createElement("option");
        option.value = line;
        return option;
      });
      this.known.replaceChildren(...options);
    } catch {
      // Without suggestions one can still type.
    }
  }
}
