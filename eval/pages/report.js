"use strict";
// Tables sort by a click; the sentences are searched and drawn from the data embedded above.
const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 20; // sentences drawn at once

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// ---- tables
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const button = element("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortRows(table.tBodies[0], column, down ? -1 : 1);
    });
  });
}

function sortRows(body, column, sign) {
  const key = (row) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? parseFloat(cell.dataset.value) : cell.textContent.trim();
  };
  const compare = (a, b) => {
    if (typeof a === "string") return sign * a.localeCompare(b, undefined, { numeric: true });
    if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b); // what was not measured comes last
    return sign * (a - b);
  };
  body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
}

// ---- sentences
const control = Object.fromEntries(
  ["words", "side", "show", "system", "against", "check", "bucket"].map((id) => [id, document.getElementById(id)]),
);
const ORDERS = {
  losses: ["Losses, largest first", (s) => s.change < 0, (a, b) => a.change - b.change],
  gains: ["Gains, largest first", (s) => s.change > 0, (a, b) => b.change - a.change],
  lowest: ["All, lowest score first", () => true, (a, b) => a.score - b.score],
  highest: ["All, highest score first", () => true, (a, b) => b.score - a.score],
  listed: ["All, in order", () => true, () => 0],
};
const fold = (text) =>
  text.normalize("NFC").toLowerCase().replace(/\u0307/g, "").replace(/ı/g, "i").replace(/[ʻʼ‘’`´]/g, "'");
const sentences = data.sides.flatMap((side, at) =>
  side.rows.map(([id, document, src, ref, outputs, scores, buckets, failed]) => ({
    side: at, id, document, src, ref, outputs, scores, buckets, failed,
  })),
);
let found = [];
let drawn = 0;

function fill(select, options, chosen = "") {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  select.value = chosen;
}

function setUp() {
  const named = (names) => names.map((name, at) => [String(at), name]);
  fill(control.side, [["", "All"], ...named(data.sides.map((side) => side.name))]);
  fill(control.system, named(data.systems), String(data.system));
  fill(control.against, [["", "nothing"], ...named(data.systems)], data.against === null ? "" : String(data.against));
  fill(control.check, [["", "–"], ["any", "any check"], ...named(data.checks)]);
  fill(control.bucket, [["", "All"]]);
  for (const kind of new Set(data.buckets.map(([kind]) => kind))) {
    const group = element("optgroup", { label: kind });
    data.buckets.forEach(([of, name], at) => of === kind && group.append(element("option", { value: at }, name)));
    control.bucket.append(group);
  }
  fillOrders();
  document.getElementById("filter").hidden = false;
}

function fillOrders() {
  const compared = control.against.value !== "";
  const names = Object.keys(ORDERS).filter((name) => compared || !["losses", "gains"].includes(name));
  const kept = names.includes(control.show.value) ? control.show.value : names[0];
  fill(control.show, names.map((name) => [name, ORDERS[name][0]]), kept);
}

function search() {
  const system = Number(control.system.value);
  const against = control.against.value === "" ? null : Number(control.against.value);
  const wanted = fold(control.words.value).split(/\s+/).filter(Boolean);
  const [, shows, order] = ORDERS[control.show.value];
  const fits = (one) => {
    if (control.side.value !== "" && one.side !== Number(control.side.value)) return false;
    const failed = one.failed[system];
    if (control.check.value === "any" ? !failed.length
      : control.check.value !== "" && !failed.includes(Number(control.check.value))) return false;
    if (control.bucket.value !== "" && !one.buckets.includes(Number(control.bucket.value))) return false;
    one.folded ??= fold([one.id, one.document, one.src, one.ref, ...one.outputs].join("\n"));
    return wanted.every((word) => one.folded.includes(word));
  };
  for (const one of sentences) {
    one.score = one.scores[system];
    one.change = against === null ? 0 : one.score - one.scores[against];
  }
  found = sentences.filter((one) => shows(one) && fits(one)).sort(order);
  document.getElementById("count").textContent = `${found.length} of ${sentences.length} sentences`;
  document.getElementById("sentences").replaceChildren();
  drawn = 0;
  draw();
}

function draw() {
  const system = Number(control.system.value);
  const against = control.against.value === "" ? null : Number(control.against.value);
  const next = found.slice(drawn, drawn + PAGE);
  document.getElementById("sentences").append(...next.map((one) => card(one, system, against)));
  drawn += next.length;
  document.getElementById("more").hidden = drawn >= found.length;
}

function card(one, system, against) {
  const [from, to] = data.sides[one.side].langs;
  const compared = against !== null && against !== system;
  const kind = compared && one.change ? (one.change < 0 ? "worse" : "better") : "";
  const text = (name, lang, content, style = "") =>
    element("div", { class: style }, element("h4", {}, name), element("p", { class: "text", lang }, ...content));
  const header = element("header", {},
    element("b", {}, compared ? (one.change < 0 ? "−" : "+") + Math.abs(one.change).toFixed(1) : one.score.toFixed(1)),
    element("span", {}, data.sides[one.side].name));
  if (compared) header.append(element("span", {}, `${one.scores[against].toFixed(0)} → ${one.score.toFixed(0)}`));
  const failed = one.failed[system].map((at) => data.checks[at]);
  if (failed.length) header.append(element("span", { class: "failed" }, `${data.systems[system]} fails: ${failed.join(", ")}`));
  const sides = element("div", { class: "sides" }, text("source", from, [one.src]), text("reference", to, [one.ref]));
  const output = (at, other, style) =>
    text(data.systems[at], to, marked(one.outputs[at], one.ref, other === null ? null : one.outputs[other], style), "output");
  if (compared) sides.append(output(against, system, "was"), output(system, against, "now"));
  else sides.append(output(system, null, ""));
  return element("article", { class: `sentence ${kind}` }, header, sides);
}

/** Nodes of a text: words that `other` lacks in class `style`, those the reference lacks in `miss`. */
function marked(text, reference, other, style) {
  const words = split(text);
  const missing = apart(words, split(reference));
  const changed = other === null ? words.map(() => false) : apart(words, split(other));
  const nodes = [];
  for (let at = 0, end = 0; at < words.length; at = end) {
    while (end < words.length && missing[end] === missing[at] && changed[end] === changed[at]) end++;
    const classes = [changed[at] && style, missing[at] && "miss"].filter(Boolean).join(" ");
    const part = words.slice(at, end).join(" ");
    nodes.push(nodes.length ? " " : "", classes ? element("span", { class: classes }, part) : part);
  }
  return nodes;
}

const split = (text) => text.split(/\s+/).filter(Boolean);

/** For each word, whether a longest common subsequence with `others` lacks it. */
function apart(words, others) {
  const same = (word) => (Object.hasOwn(data.same, word) ? data.same[word] : word);
  const [a, b] = [words.map(same), others.map(same)];
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i][j] = a[i] === b[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const lacks = a.map(() => true);
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) (lacks[i] = false), i++, j++;
    else if (longest[i + 1][j] >= longest[i][j + 1]) i++;
    else j++;
  }
  return lacks;
}

setUp();
search();
control.words.addEventListener("input", search);
control.against.addEventListener("change", fillOrders);
for (const name of ["side", "show", "system", "against", "check", "bucket"]) control[name].addEventListener("change", search);
document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("more").addEventListener("click", draw);
