// Joins a panel to a gradio HTML component: its value is an update, shown once; events go back to Python.

import { Panel } from "./panel.js";

export function connect(element, props, trigger) {
  const base = new URL("../", import.meta.url);
  const state = () => document.querySelector(".cp-viewer")?.viewer?.state() ?? {};
  const panel = Panel.mount(element.querySelector(".cp-panel"), trigger, { base, state, finderId: "cp-finder" });
  let done = null;
  const run = () => {
    const update = props.value;
    if (!update?.id || update.id === done) return;
    done = update.id;
    panel.show(update);
  };
  run();
  return run;
}
