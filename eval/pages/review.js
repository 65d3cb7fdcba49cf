"use strict";
// A rater scores outputs without knowing whose they are. Work is kept in the browser until it is
// saved as a file; positions of errors are counted in characters (code points), as Python counts.
const data = JSON.parse(document.getElementById("data").textContent);
const STORE = `korpu-review-${data.review}`;
const items = data.sentences.flatMap((sentence) => sentence.items);
const redraw = new Map(); // item → shows its marks as they are now
const state = { rater: "", tongue: "en", ratings: {}, ...stored() };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

function keep() {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function say(key, values = {}) {
  return data.words[state.tongue][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An element whose text follows the chosen language. */
function saying(name, key, attributes = {}) {
  return element(name, { ...attributes, "data-say": key }, say(key));
}

function rating(id) {
  return (state.ratings[id] ??= { score: null, spans: [], edit: null, when: null });
}

function changed(id) {
  rating(id).when = new Date().toISOString();
  keep();
  showProgress();
}

// ---- the page
function sentenceOf(sentence, at) {
  const direction = sentence.langs.join("-");
  const header = element("header", {}, element("span", {}, `${at + 1} / ${data.sentences.length}`));
  header.append(direction in data.words.en ? saying("span", direction) : element("span", {}, sentence.langs.join(" → ")));
  const source = element("div", { class: "source" }, saying("h4", "source"),
    element("p", { class: "text", lang: sentence.langs[0] }, sentence.src));
  const outputs = sentence.items.map((item, number) => itemOf(item, "ABCDEFGHIJ"[number] ?? number + 1, sentence.langs[1]));
  return element("section", { class: "sentence" }, header, source, ...outputs);
}

function itemOf(item, letter, lang) {
  const text = element("p", { class: "text", lang });
  const errors = element("ul", { class: "errors" });
  const made = element("div", { class: "item", id: item.id });
  const heading = element("h4", {}, saying("span", "output"), ` ${letter}`);
  made.append(heading, text, scoreOf(item, made), toolsOf(item, text, errors), errors, editOf(item, lang));
  drawSpans(item, text, errors);
  return made;
}

function scoreOf(item, made) {
  const range = { min: 0, max: 100, step: 1, "data-label": "score", "aria-label": say("score") };
  const slider = element("input", { type: "range", ...range, value: 50 });
  const number = element("input", { type: "number", ...range, inputmode: "numeric" });
  const show = () => {
    const { score } = rating(item.id);
    made.classList.toggle("scored", score !== null);
    made.classList.toggle("unset", score === null);
    slider.value = score ?? 50;
    if (document.activeElement !== number) number.value = score ?? "";
  };
  const give = (value) => {
    const score = value === "" ? null : Math.round(Math.min(100, Math.max(0, Number(value))));
    rating(item.id).score = score;
    changed(item.id);
    show();
  };
  for (const control of [slider, number]) control.addEventListener("input", () => give(control.value));
  slider.addEventListener("pointerup", () => give(slider.value)); // where it stands is a score too
  number.addEventListener("blur", show);
  show();
  return element("div", { class: "give" }, saying("span", "score", { class: "soft" }), slider, number);
}

function toolsOf(item, text, errors) {
  const type = element("select", { "data-label": "type", "aria-label": say("type") },
    ...data.types.map((name) => saying("option", name, { value: name })));
  const words = element("q", { "aria-live": "polite", hidden: "" });
  const buttons = data.severities.map((severity) => {
    const button = saying("button", severity, { type: "button", class: severity, disabled: "" });
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
    button.addEventListener("click", () => {
      if (!isChosen(text)) return;
      const { start, end } = choice;
      const part = [...item.out].slice(start, end).join("");
      const span = { start, end, severity, type: type.value, text: part };
      getSelection().removeAllRanges();
      respan(item, [...rating(item.id).spans, span].sort((a, b) => a.start - b.start || a.end - b.end));
      text.focus({ preventScroll: true });
    });
    return button;
  });
  const back = saying("button", "undo", { type: "button" });
  back.addEventListener("click", () => undo(item));
  const show = () => {
    const here = isChosen(text);
    words.hidden = !here;
    words.textContent = here ? [...item.out].slice(choice.start, choice.end).join("") : "";
    buttons.forEach((button) => (button.disabled = !here));
    back.disabled = !past.some((one) => one.item === item);
  };
  document.addEventListener("choice", show);
  redraw.set(item, () => {
    drawSpans(item, text, errors);
    choose(null);
  });
  choosable(text, item.out);
  show();
  return element("div", { class: "tools" }, saying("span", "type"), type, ...buttons, back, words);
}

// ---- marks of errors, and the way back
const past = []; // { item, spans }: what an output's marks were before a change

function respan(item, spans) {
  past.push({ item, spans: rating(item.id).spans });
  rating(item.id).spans = spans;
  changed(item.id);
  redraw.get(item)();
}

/** Takes back the last change of marks, of one output or of any. */
function undo(item = past.at(-1)?.item) {
  const at = past.findLastIndex((one) => one.item === item);
  if (at < 0) return;
  const [{ spans }] = past.splice(at, 1);
  rating(item.id).spans = spans;
  changed(item.id);
  redraw.get(item)();
}

document.addEventListener("keydown", (event) => {
  const writes = event.target.closest("input:not([type=range]), textarea");
  if (writes || event.shiftKey || event.altKey || !(event.ctrlKey || event.metaKey)) return;
  if (event.key.toLowerCase() !== "z" || !past.length) return;
  event.preventDefault();
  undo();
});

function drawSpans(item, text, errors) {
  const { spans } = rating(item.id);
  const characters = [...item.out];
  const ends = new Set([0, characters.length, ...spans.flatMap((span) => [span.start, span.end])]);
  const cuts = [...ends].sort((a, b) => a - b);
  text.replaceChildren(...cuts.slice(1).map((end, at) => {
    const part = characters.slice(cuts[at], end).join("");
    const over = spans.filter((span) => span.start <= cuts[at] && span.end >= end);
    if (!over.length) return document.createTextNode(part);
    return element("mark", { class: over.some((span) => span.severity === "major") ? "major" : "minor" }, part);
  }));
  errors.replaceChildren(...spans.map((span, at) => {
    const remove = saying("button", "remove", { type: "button" });
    remove.addEventListener("click", () => respan(item, spans.filter((_, other) => other !== at)));
    return element("li", {}, element("span", { class: span.severity }, span.text),
      saying("span", span.type, { class: "soft" }), remove);
  }));
}

function editOf(item, lang) {
  const area = element("textarea", { lang, "data-label": "edited", "aria-label": say("edited"), spellcheck: "false" });
  const open = saying("button", "edit", { type: "button" });
  const discard = saying("button", "discard", { type: "button" });
  const show = () => {
    const edited = rating(item.id).edit !== null;
    area.hidden = discard.hidden = !edited;
    open.hidden = edited;
  };
  area.value = rating(item.id).edit ?? "";
  area.addEventListener("input", () => {
    rating(item.id).edit = area.value;
    changed(item.id);
  });
  open.addEventListener("click", () => {
    rating(item.id).edit = area.value = item.out;
    show();
    area.focus();
  });
  discard.addEventListener("click", () => {
    rating(item.id).edit = null;
    changed(item.id);
    show();
  });
  show();
  return element("div", { class: "tools" }, open, discard, area);
}

// ---- progress, language, file
const scored = (item) => state.ratings[item.id] && state.ratings[item.id].score !== null;

function showProgress() {
  const done = items.filter(scored).length;
  const progress = document.getElementById("progress");
  progress.max = items.length;
  progress.value = done;
  document.getElementById("count").textContent = say("progress", { done, all: items.length });
}

function speak(tongue) {
  state.tongue = tongue;
  document.documentElement.lang = tongue;
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  for (const one of document.querySelectorAll("[data-tongue]"))
    one.setAttribute("aria-pressed", String(one.dataset.tongue === tongue));
  document.getElementById("kept").dataset.say = keep() ? "kept" : "lost";
  document.getElementById("kept").textContent = say(document.getElementById("kept").dataset.say);
  tell("");
  showProgress();
}

function tell(text, bad = false) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.classList.toggle("bad", bad);
}

function save() {
  const name = state.rater.trim();
  if (!name) {
    tell(say("nameless"), true);
    document.getElementById("rater").focus();
    return;
  }
  const ratings = items.filter(scored).map((item) => {
    const { score, spans, edit, when } = state.ratings[item.id];
    const given = edit !== null && edit.trim() && edit.trim() !== item.out.trim() ? edit.trim() : null;
    return { id: item.id, score, spans, edit: given, when };
  });
  const content = { schema: 1, review: data.review, rater: name, saved: new Date().toISOString(), ratings };
  const file = `review-${name.replace(/[^\p{L}\p{N}_-]+/gu, "-")}.json`;
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1) + "\n"], { type: "application/json" }));
  element("a", { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  const left = items.length - ratings.length;
  tell(say("saved", { name: file }) + (left ? " " + say("partial", { left }) : ""));
}

document.getElementById("sentences").append(...data.sentences.map(sentenceOf));
document.getElementById("rater").value = state.rater;
document.getElementById("rater").addEventListener("input", (event) => {
  state.rater = event.target.value;
  keep();
});
document.getElementById("save").addEventListener("click", save);
document.getElementById("next").addEventListener("click", () => {
  const left = items.find((item) => !scored(item));
  if (!left) return;
  const place = document.getElementById(left.id);
  place.scrollIntoView({ block: "center" });
  place.querySelector("input[type=range]").focus({ preventScroll: true });
});
for (const one of document.querySelectorAll("[data-tongue]"))
  one.addEventListener("click", () => speak(one.dataset.tongue));
speak(state.tongue in data.words ? state.tongue : "en");
