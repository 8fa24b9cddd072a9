"use strict";
// A page of rows is in the document at a time, and its pictures are read when they come into view.
const PAGE = 50, SHARDS = 100;
const [ITEM, AUDIENCE, CATEGORY, VALUE, LOW, HIGH, VERDICT, CHANGES, WORDS] = Array(9).keys();
const data = window.FARM, byId = (id) => document.getElementById(id);
const state = { page: 0, key: "value", down: true, rows: data.rows };
const text = {
  name: (row) => data.names[row[ITEM]] || data.items[row[ITEM]],
  category: (row) => data.categories[row[CATEGORY]],
  audience: (row) => data.labels[row[AUDIENCE]],
  value: (row) => row[VALUE],
  verdict: (row) => data.verdicts[row[VERDICT]][1],
  words: (row) => row[WORDS],
};

function options(id, labels) {
  labels.forEach((label, number) => byId(id).add(new Option(label, number)));
}

function chosen() {
  const [category, audience, change, verdict] = ["category", "audience", "change", "verdict"].map((id) => byId(id).value);
  const words = byId("text").value.trim().toLowerCase();
  const found = data.rows.filter((row) =>
    (category === "" || row[CATEGORY] === +category) && (audience === "" || row[AUDIENCE] === +audience) &&
    (change === "" || row[CHANGES].includes(change)) && (verdict === "" || row[VERDICT] === +verdict) &&
    (words === "" || (data.items[row[ITEM]] + " " + data.names[row[ITEM]]).toLowerCase().includes(words)));
  const sign = state.down ? -1 : 1, of = text[state.key];
  return found.sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  });
}

function cell(content) {
  const made = document.createElement("td");
  made.append(content);
  return made;
}

function picture(row, kind, about) {
  const made = new Image();
  made.loading = "lazy";
  made.alt = about;
  made.src = `thumbnails/${String(row[ITEM] % SHARDS).padStart(2, "0")}/${row[ITEM]}-${kind}.webp`;
  return cell(made);
}

function value(row) {
  const digits = data.unit === "share" ? 0 : 2, say = (number) => (number === null ? "-" : number.toFixed(digits));
  return row[LOW] === null ? say(row[VALUE]) : `${say(row[VALUE])} [${say(row[LOW])}, ${say(row[HIGH])}]`;
}

function draw() {
  const last = Math.max(0, Math.ceil(state.rows.length / PAGE) - 1), stamp = byId("rows").dataset.stamp;
  state.page = Math.min(Math.max(state.page, 0), last);
  const shown = state.rows.slice(state.page * PAGE, (state.page + 1) * PAGE);
  byId("rows").replaceChildren(...shown.map((row) => {
    const made = document.createElement("tr"), name = text.name(row);
    made.append(picture(row, "photo", `The photo of ${name}`),
      picture(row, row[AUDIENCE], `The best redesign of ${name}. ${stamp}`),
      cell(name === data.items[row[ITEM]] ? name : `${name}, ${data.items[row[ITEM]]}`), cell(text.category(row)),
      cell(text.audience(row)), cell(value(row)), cell(text.verdict(row)), cell(row[WORDS]));
    return made;
  }));
  const first = shown.length ? state.page * PAGE + 1 : 0;
  byId("count").textContent = `${first} to ${state.page * PAGE + shown.length} of ${state.rows.length}`;
  byId("previous").disabled = state.page === 0;
  byId("next").disabled = state.page === last;
}

function again() {
  state.page = 0;
  state.rows = chosen();
  document.querySelectorAll("th[data-key]").forEach((head) => head.setAttribute("aria-sort",
    head.dataset.key !== state.key ? "none" : state.down ? "descending" : "ascending"));
  draw();
}

options("category", data.categories);
options("audience", data.labels);
options("verdict", data.verdicts.map((one) => one[1]));
byId("controls").addEventListener("input", again);
byId("controls").addEventListener("submit", (event) => event.preventDefault());
byId("controls").addEventListener("reset", () => setTimeout(again));
byId("previous").addEventListener("click", () => { state.page -= 1; draw(); });
byId("next").addEventListener("click", () => { state.page += 1; draw(); });
document.querySelectorAll("th[data-key] button").forEach((button) => button.addEventListener("click", () => {
  const key = button.parentElement.dataset.key;
  state.down = state.key === key ? !state.down : key === "value";
  state.key = key;
  again();
}));
again();
