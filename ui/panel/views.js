// What each tab of the panel shows, as elements.

import { icon } from "../chat/icons.js";
import { badge } from "../chat/messages.js";
import { button, element, pictureOf, text } from "../chat/shell.js";

const SOURCES = {
  generated: "made from words", edited: "changed", file: "from a file", photo: "from a photo", library: "from the library",
  mirrored: "mirrored", blended: "blended", model: "from the model",
};
const NOT_TOLD = "can't be told";

export function checklist({ current, asked, measured }) {
  const about = element("section", "cp-about");
  const head = text("h2", "cp-about-title", current.title || "Nothing of yours yet", about);
  if (current.number) head.prepend(text("span", "cp-number", String(current.number)));
  const facts = [SOURCES[current.source], current.facts].filter(Boolean).join(" · ");
  if (facts) text("p", "cp-facts", facts, about);
  const names = (current.names ?? []).filter((name) => name.toLowerCase() !== current.title.toLowerCase());
  if (names.length) text("p", "cp-called", `Also called ${names.join(", ")}`, about);
  const words = current.description || "This body only stands here until you ask for a pose. What is measured of it is listed beside.";
  text("p", "cp-description", words, about);
  for (const note of current.notes ?? []) text("p", "cp-remark", note, about);
  if (current.up) about.append(axis());
  const lists = element("section", "cp-lists");
  if (asked.length) {
    const title = text("h3", "", "You asked for", lists);
    const said = asked.filter((row) => !row.why);
    if (said.length) {
      title.append(score(said));
      lists.append(statements(said, true));
    } else title.remove();
    for (const why of new Set(asked.map((row) => row.why).filter(Boolean))) {
      const rows = asked.filter((row) => row.why === why);
      text("h3", "", `Makes it ${why}`, lists).append(score(rows));
      lists.append(statements(rows, true));
    }
  }
  if (measured?.length) {
    text("h3", "", asked.length ? "Measured besides" : "Measured on the body", lists);
    lists.append(statements(measured, false));
  } else if (!asked.length) {
    text("p", "cp-quiet", measured ? "Nothing stands out in this pose." : "Measuring…", lists);
  }
  return [about, lists];
}

function score(rows) {
  return badge({ held: count(rows, true), missed: count(rows, false), of: rows.length });
}

function count(rows, holds) {
  return rows.filter((row) => row.holds === holds).length;
}

// Pointing at a row, or reaching it with the keyboard, lights up the part of the body.
function statements(rows, marked) {
  const list = element("ul", marked ? "cp-statements cp-marked" : "cp-statements");
  for (const row of rows) {
    const item = element("li", "", list);
    item.tabIndex = 0;
    Object.assign(item.dataset, { slot: "A", joints: row.joints.join(" "), holds: String(row.holds), key: row.statement });
    item.title = row.statement;
    if (marked) {
      element("span", "cp-sign", item).append(row.holds === true ? icon("check") : row.holds === false ? icon("cross") : "?");
      text("span", "cp-hidden", row.holds === true ? "holds: " : row.holds === false ? "doesn't hold: " : "can't be told: ", item);
    }
    text("span", "cp-claim", row.claim, item);
    const value = text("span", "cp-measured", row.measured || NOT_TOLD, item);
    if (row.margin) value.title = `by ${row.margin}`;
  }
  return list;
}

function axis() {
  const more = element("details", "cp-more");
  text("summary", "", "Lies or stands wrong?", more);
  const label = text("label", "", "The file's up axis ", more);
  const choice = element("select", "", label);
  choice.dataset.do = "up";
  for (const [value, words] of [["", "as the file says"], ["y", "y is up"], ["z", "z is up"]]) {
    const option = text("option", "", words, choice);
    option.value = value;
  }
  return more;
}

export function tray({ tray: items, on, examples }, base) {
  const parts = [];
  if (items.length) {
    const list = element("ul", "cp-shots cp-tray");
    for (const item of items) {
      const tile = shot(list, base, item, { label: `Show pose ${item.number}: ${item.title}`, note: SOURCES[item.source] ?? "" });
      Object.assign(tile.dataset, { do: "choose", number: item.number, key: `pose ${item.number}` });
      tile.dataset.sign = item.number;
      if (item.number === on) tile.setAttribute("aria-current", "true");
    }
    parts.push(list);
  } else parts.push(text("p", "cp-quiet", "Every pose of this conversation is kept here. Begin with one of these, or ask for one."));
  parts.push(text("h3", "cp-group-name", "Examples"), exampleList(examples, base, "A"));
  return parts;
}

function exampleList(examples, base, slot) {
  const list = element("ul", "cp-shots cp-examples");
  for (const example of examples) {
    const label = slot === "B" ? `Compare with ${example.title}` : `Take ${example.title}`;
    const tile = shot(list, base, example, { label, note: "" });
    Object.assign(tile.dataset, { do: "example", exampleKey: example.key, slot, key: `example ${example.key}` });
  }
  return list;
}

function shot(list, base, { token, alt, title }, { label, note }) {
  const tile = button("cp-shot", label, element("li", "", list));
  pictureOf(base, { token, alt: "" }, tile);
  tile.title = alt;
  text("span", "", title, tile);
  if (note) {
    tile.append(" ");
    text("small", "", note, tile);
    tile.setAttribute("aria-label", `${label} ${note}`);
  }
  return tile;
}

export function compare({ tray: items, on, examples, beside, way }, base) {
  if (beside) {
    const told = element("section", "cp-way");
    const head = text("h2", "cp-about-title", `Compared with ${beside.title}`, told);
    if (beside.number) head.append(" ", text("span", "cp-number cp-number-b", String(beside.number)));
    text("h3", "", "From A to B", told);
    text("p", "cp-description", way || "Measuring…", told);
    const row = element("div", "cp-row", told);
    button("cp-plain", "Remove B", row, { name: "Remove B" }).dataset.do = "alone";
    if (beside.number) {
      const swap = button("cp-plain", "Work on B instead", row, { name: "Work on B instead" });
      Object.assign(swap.dataset, { do: "choose", number: beside.number });
    }
    return [told];
  }
  const parts = [text("p", "cp-quiet", "What shall stand beside this body? Choose a pose, or drop a file on the right half of the view.")];
  const others = items.filter((item) => item.number !== on);
  if (others.length) {
    const list = element("ul", "cp-shots cp-tray");
    for (const item of others) {
      const tile = shot(list, base, item, { label: `Compare with pose ${item.number}: ${item.title}`, note: "" });
      Object.assign(tile.dataset, { do: "compare", number: item.number, key: `pose ${item.number}` });
      tile.dataset.sign = item.number;
    }
    parts.push(list);
  }
  const row = element("div", "cp-row");
  button("cp-plain", "Find one in the library", row, { name: "Find one in the library", sign: "search" }).dataset.do = "find-b";
  parts.push(row, text("h3", "cp-group-name", "Examples"), exampleList(examples, base, "B"));
  return parts;
}

export function downloads({ formats, beside, current }) {
  const parts = [];
  if (beside) {
    const choice = element("fieldset", "cp-which");
    text("legend", "", "Which body", choice);
    for (const [slot, name] of [["A", current.title || "A"], ["B", beside.title]]) {
      const label = element("label", "", choice);
      const radio = element("input", "", label);
      Object.assign(radio, { type: "radio", name: "cp-slot", value: slot, checked: slot === "A" });
      label.append(` ${slot}: ${name}`);
    }
    parts.push(choice);
  }
  const list = element("ul", "cp-formats");
  for (const { suffix, name, label } of formats) {
    const use = label.split(" — ")[1] ?? label.split(", ")[1] ?? "";
    const one = button("cp-format", `Download as ${name} ${use}`, element("li", "", list));
    Object.assign(one.dataset, { do: "download", suffix, key: suffix });
    text("b", "", name, one);
    one.append(" ");
    text("span", "", use, one);
  }
  return [...parts, list];
}

export function photo({ photo: seen, on }) {
  if (!seen) return [];
  const told = element("section", "cp-about");
  text("h2", "cp-about-title", "Read from a photo", told);
  text("p", "cp-facts", `Confidence of what was seen: ${seen.confidence}.`, told);
  if (seen.unseen.length) text("p", "cp-remark", `Not seen well enough to speak of: ${seen.unseen.join(", ")}.`, told);
  for (const note of seen.notes) text("p", "cp-remark", note, told);
  if (seen.people.length > 1) {
    const people = element("div", "cp-row", told);
    people.setAttribute("role", "group");
    people.setAttribute("aria-label", "Who is shown");
    for (const { number, label } of seen.people) {
      const one = button("cp-plain", label, people, { name: label });
      Object.assign(one.dataset, { do: "choose", number, key: label });
      one.setAttribute("aria-pressed", String(number === on));
    }
  }
  if (seen.readings > 1) {
    const label = element("label", "cp-check", told);
    const box = element("input", "", label);
    Object.assign(box, { type: "checkbox", checked: Boolean(seen.all) });
    box.dataset.do = "readings";
    label.append(` Show all ${seen.readings} readings`);
  }
  const row = element("div", "cp-row", told);
  button("cp-plain", "It is a mirrored selfie", row, { name: "It is a mirrored selfie" }).dataset.do = "mirrored";
  const pictures = element("section", "cp-seen");
  for (const { words, url } of seen.pictures) {
    const figure = element("figure", "", pictures);
    const picture = element("img", "", figure);
    Object.assign(picture, { src: url, alt: words });
    text("figcaption", "", words, figure);
  }
  return [told, pictures];
}
