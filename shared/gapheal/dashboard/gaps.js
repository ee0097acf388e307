// Open gaps as a table that sorts and filters; judged dates in a row of which the same is said are one line.
const table = document.getElementById("gap-table");
const filters = document.getElementById("filters");
const more = document.getElementById("more");
const MOST = 200;

const gaps = cells.flatMap((row) => [...row.values()].filter((cell) => cell.state.open));

function folded(list) {
  const runs = [];
  let last = null;
  for (const cell of list) {
    const same = last && last.cell.t === cell.t && last.place + 1 === cell.place
      && last.cell.state.condition === cell.state.condition && last.cell.state.action === cell.state.action && last.cell.state.code === cell.state.code;
    if (same) {
      last.end = cell.day;
      last.place = cell.place;
      last.dates += 1;
      last.attempts = Math.max(last.attempts, cell.attempts || 0);
      if ((cell.seen || "") < (last.seen || "")) last.seen = cell.seen;
    } else {
      last = single(cell);
      runs.push(last);
    }
  }
  return runs;
}

const single = (cell) => ({ cell, end: cell.day, place: cell.place, dates: 1, attempts: cell.attempts || 0, seen: cell.seen });

const COLUMNS = [
  ["date", "Dates", (row) => row.cell.day],
  ["dates", "Number", (row) => row.dates],
  ["transition", "Transition", (row) => row.cell.t],
  ["gap", "Gap", (row) => row.cell.state.condition],
  ["state", "State", (row) => `${row.cell.state.standing} ${row.cell.state.action}`],
  ["attempts", "Attempts", (row) => row.attempts],
  ["seen", "Seen for", (row) => -Date.parse(row.seen || data.now)],
  ["reason", "Reason", (row) => row.cell.state.code],
];
let sorted = { by: "date", down: true };
let all = false;

function drawHead() {
  const head = table.tHead.rows[0];
  for (const [key, told] of COLUMNS) {
    const button = element("button", { type: "button", "data-by": key }, told);
    head.append(element("th", { scope: "col", class: key === "dates" || key === "attempts" ? "n" : null }, button));
  }
  head.addEventListener("click", (event) => {
    const by = event.target.dataset.by;
    if (!by) return;
    sorted = { by, down: sorted.by === by ? !sorted.down : false };
    drawGaps();
  });
}

function offer(name, values) {
  for (const [value, told] of values) filters.elements[name].append(element("option", { value }, told));
}

function chosen() {
  const { transition: of, standing, condition, text } = filters.elements;
  const wanted = text.value.trim().toLowerCase();
  return gaps.filter((cell) => (of.value === "" || cell.t === Number(of.value))
    && (standing.value === "" || cell.state.standing === standing.value)
    && (condition.value === "" || cell.state.condition === condition.value)
    && (wanted === "" || `${sentence(cell)} ${cell.state.code} ${iso(cell.day)}`.toLowerCase().includes(wanted)));
}

function drawGaps() {
  const found = chosen();
  const rows = filters.elements.each.checked ? found.map(single) : folded(found);
  const value = COLUMNS.find(([key]) => key === sorted.by)[2];
  const sign = sorted.down ? -1 : 1;
  rows.sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : a.cell.t - b.cell.t || a.cell.day - b.cell.day));
  for (const button of table.tHead.querySelectorAll("button")) {
    const by = button.dataset.by === sorted.by;
    button.parentElement.setAttribute("aria-sort", by ? (sorted.down ? "descending" : "ascending") : "none");
  }
  const shown = all ? rows : rows.slice(0, MOST);
  table.tBodies[0].replaceChildren(...shown.map(drawRow));
  if (!rows.length) {
    const told = gaps.length ? "No open gap fits these filters." : "No gap is open.";
    table.tBodies[0].append(element("tr", {}, element("td", { colspan: COLUMNS.length, class: "none" }, told)));
  }
  more.hidden = shown.length === rows.length;
  more.textContent = `Show all ${rows.length.toLocaleString("en")} lines`;
  const dates = found.length === gaps.length ? "" : ` of ${gaps.length.toLocaleString("en")}`;
  document.getElementById("gaps-told").textContent = gaps.length ? `${found.length.toLocaleString("en")}${dates} dates` : "None.";
}

const done = ({ action, condition, code }) => (action === "none" ? code.split("_")[0] : action.replace("_", " ")) || condition;

function drawRow(row) {
  const { cell } = row;
  const dates = row.dates === 1 ? iso(cell.day) : `${iso(cell.day)} – ${iso(row.end)}`;
  const link = element("a", { href: `#${transition(cell).transition}/${iso(cell.day)}` }, dates);
  const reason = row.dates > 1 ? element("span", { class: "sub" }, "the first of them") : null;
  return element(
    "tr", {},
    element("th", { scope: "row" }, link),
    element("td", { class: "n" }, String(row.dates)),
    element("td", {}, title(cell), element("span", { class: "sub" }, transition(cell).transition)),
    element("td", {}, element("span", { class: "gap" }, glyph(cell.state), cell.state.condition)),
    element("td", { class: `t-${slug(cell.state.standing)}` }, cell.state.standing, element("span", { class: "sub" }, done(cell.state))),
    element("td", { class: "n" }, String(row.attempts)),
    element("td", {}, row.seen ? age(row.seen) : "–"),
    element("td", { class: "reason" }, sentence(cell), reason),
  );
}

drawHead();
offer("transition", data.transitions.map((each, t) => [String(t), `${each.upstream} → ${each.downstream}`]));
offer("standing", [...new Set(gaps.map((cell) => cell.state.standing))].sort().map((each) => [each, each]));
offer("condition", [...new Set(gaps.map((cell) => cell.state.condition))].sort().map((each) => [each, each]));
filters.addEventListener("input", () => {
  all = false;
  drawGaps();
});
filters.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => {
  all = true;
  drawGaps();
});
for (const link of document.querySelectorAll("a[data-standing]")) {
  link.addEventListener("click", () => {
    filters.reset();
    filters.elements.standing.value = link.dataset.standing;
    drawGaps();
  });
}
