"use strict";
// Choosing words of a text: selected with the mouse or a long press, by a tap on the first and one on
// the last word, or with the arrow keys. There is one choice on the page, [start, end) in characters
// (code points), as Python counts. It outlives the browser's selection, which a tap on a button may
// clear, and is painted without touching the text: a drag may begin in it at any moment.
const choice = { text: null, start: 0, end: 0 };

function choose(text, start = 0, end = 0) {
  Object.assign(choice, { text: end > start ? text : null, start, end });
  if (globalThis.CSS?.highlights) {
    CSS.highlights.delete("choice");
    if (choice.text) CSS.highlights.set("choice", new Highlight(rangeOf(text, start, end)));
  }
  document.dispatchEvent(new Event("choice"));
}

/** Whether words of this text are chosen. */
const isChosen = (text) => choice.text === text;

/** Let words of an element be chosen; `out` is its text, however it is marked up. */
function choosable(text, out) {
  const characters = [...out];
  const words = wordsOf(characters);
  let first = null; // number of the word that a choice by taps or keys began with,
  let last = null; // and of the one it went to
  const take = (from, to) => {
    [first, last] = [from, to];
    getSelection().removeAllRanges();
    choose(text, words[Math.min(from, to)][0], words[Math.max(from, to)][1]);
  };
  const drop = () => {
    [first, last] = [null, null];
    if (isChosen(text)) choose(null);
  };
  text.tabIndex = 0;
  text.addEventListener("click", (event) => {
    if (!getSelection().isCollapsed) return; // selected by hand
    const at = characterAt(text, event.clientX, event.clientY);
    const word = words.findIndex(([start, end]) => start <= at && at <= end);
    const begun = isChosen(text) && first !== null && first === last;
    if (word < 0 || (begun && word === first)) drop();
    else take(begun ? first : word, word);
  });
  text.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") drop();
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !words.length) return;
    event.preventDefault();
    const from = isChosen(text) && last !== null ? last + step : step > 0 ? 0 : words.length - 1;
    const word = Math.min(words.length - 1, Math.max(0, from));
    take(event.shiftKey && isChosen(text) && first !== null ? first : word, word);
  });
  document.addEventListener("selectionchange", () => {
    const found = selected(text);
    if (!found) return;
    [first, last] = [null, null];
    choose(text, ...found);
  });
}

/** Where words begin and end, punctuation with them. */
function wordsOf(characters) {
  const found = [];
  characters.forEach((character, at) => {
    if (/\s/.test(character)) return;
    if (found.length && found.at(-1)[1] === at) found.at(-1)[1] = at + 1;
    else found.push([at, at + 1]);
  });
  return found;
}

/** The selection inside a text as [start, end), without spaces around it. */
function selected(text) {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!text.contains(range.startContainer) || !text.contains(range.endContainer)) return null;
  const part = range.toString();
  const before = charactersBefore(text, range.startContainer, range.startOffset);
  const start = before + [...part].length - [...part.trimStart()].length;
  const length = [...part.trim()].length;
  return length ? [start, start + length] : null;
}

function charactersBefore(text, node, offset) {
  const before = document.createRange();
  before.selectNodeContents(text);
  before.setEnd(node, offset);
  return [...before.toString()].length;
}

/** The character at a point of the window; -1 beside the text. */
function characterAt(text, x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  const range = caret ? null : document.caretRangeFromPoint?.(x, y);
  const node = caret?.offsetNode ?? range?.startContainer;
  if (!node || !text.contains(node)) return -1;
  return charactersBefore(text, node, caret?.offset ?? range.startOffset);
}

function rangeOf(text, start, end) {
  const range = document.createRange();
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let at = 0; walker.nextNode(); ) {
    const characters = [...walker.currentNode.data];
    const units = (count) => characters.slice(0, count).join("").length;
    if (at <= start && start < at + characters.length) range.setStart(walker.currentNode, units(start - at));
    if (at < end && end <= at + characters.length) range.setEnd(walker.currentNode, units(end - at));
    at += characters.length;
  }
  return range;
}
