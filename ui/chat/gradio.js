// Joins a chat to a gradio HTML component: its value is an update, shown once; events go back to Python.

import { Chat } from "./chat.js";

export function connect(element, props, trigger, upload) {
  const base = new URL("../", import.meta.url);
  const bar = document.querySelector(".cp-bar");
  const chat = Chat.mount(element.querySelector(".cp-chat"), trigger, { base, upload, bar });
  let done = null;
  const run = () => {
    const update = props.value;
    if (!update?.id || update.id === done) return;
    done = update.id;
    chat.show(update);
  };
  run();
  return run;
}
