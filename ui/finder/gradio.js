// Joins a finder to a gradio HTML component: its value is an answer, shown once; events go back to Python.

import { Finder } from "./finder.js";

export function connect(element, props, trigger) {
  const base = new URL("../", import.meta.url);
  const finder = Finder.mount(element.querySelector(".cp-finder"), trigger, { base });
  let done = null;
  return () => {
    const answer = props.value;
    if (!answer?.list || answer.id === done) return;
    done = answer.id;
    finder.show(answer);
  };
}
