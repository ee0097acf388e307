// The calendar: a line of three months for a quarter, a column a date, a row a transition.
const PITCH = 12, HEAD = 19;
const board = document.getElementById("board");
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const height = HEAD + PITCH * data.transitions.length;

// By year and quarter the months with something to show.
function quarters() {
  const found = new Map();
  const days = new Set();
  for (const row of cells) for (const day of row.keys()) days.add(day);
  for (const day of [...days].sort((a, b) => a - b)) {
    const date = new Date(origin + day * DAY);
    const year = date.getUTCFullYear(), quarter = Math.floor(date.getUTCMonth() / 3);
    if (!found.has(year)) found.set(year, new Map());
    const year_ = found.get(year);
    if (!year_.has(quarter)) year_.set(quarter, { open: 0, person: 0 });
    for (const cell of ofDate(day)) {
      year_.get(quarter).open += cell.state.open;
      year_.get(quarter).person += cell.state.standing === "needs a person";
    }
  }
  return found;
}

function drawMonth(year, month) {
  const first = Math.round((Date.UTC(year, month, 1) - origin) / DAY);
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const parts = [
    `<rect class="none" x="0" y="${HEAD}" width="${length * PITCH}" height="${height - HEAD}" aria-hidden="true"/>`,
    `<text class="name" x="1" y="12" aria-hidden="true">${MONTHS[month].slice(0, 3)}</text>`,
  ];
  for (let day = 0; day < length; day += 1) {
    const of = new Date(origin + (first + day) * DAY).getUTCDay();
    if (of === 1 && day > 2) parts.push(`<text x="${day * PITCH + 6}" y="12" aria-hidden="true">${day + 1}</text>`);
  }
  let any = false;
  cells.forEach((row, t) => {
    const y = HEAD + PITCH * t + 1;
    let drawn = "";
    for (let day = 0; day < length; day += 1) {
      const cell = row.get(first + day);
      if (cell) drawn += shape(cell.state, day * PITCH + 1, y, ` id="c${t}-${first + day}" role="gridcell" tabindex="-1"`);
    }
    any = any || drawn !== "";
    if (drawn) parts.push(`<g role="row">${drawn}</g>`);
  });
  const labels = data.transitions.map(({ downstream }) => element("li", { title: downstream }, downstream));
  const figure = element("div", { class: "month" }, element("h4", {}, MONTHS[month].slice(0, 3)), element("ul", { class: "rows", "aria-hidden": "true" }, ...labels));
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", `0 0 ${31 * PITCH} ${height}`);
  svg.dataset.first = first;
  if (any) {
    svg.setAttribute("role", "grid");
    svg.setAttribute("aria-label", `${MONTHS[month]} ${year}`);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  svg.innerHTML = parts.join("");
  figure.append(svg);
  return figure;
}

function drawCalendar() {
  const found = quarters();
  if (!found.size) {
    board.append(element("p", { class: "note" }, "No date was judged yet. ", element("code", {}, "gapheal scan"), " looks at them."));
    return;
  }
  const jump = document.getElementById("years");
  for (const year of [...found.keys()].reverse()) {
    const quarters_ = found.get(year);
    const open = [...quarters_.values()].reduce((sum, each) => sum + each.open, 0);
    const person = [...quarters_.values()].reduce((sum, each) => sum + each.person, 0);
    const told = open ? `${open.toLocaleString("en")} open` : "nothing open";
    const section = element("section", { class: "year", id: `y${year}`, "aria-labelledby": `h${year}`, "data-open": open });
    section.append(element("h3", { id: `h${year}` }, String(year), element("small", { class: person ? "person" : "" }, told)));
    section.style.containIntrinsicSize = `auto ${40 + quarters_.size * (height + 34)}px`;
    for (const quarter of [...quarters_.keys()].sort((a, b) => a - b)) {
      const line = element("div", { class: "quarter", "data-open": quarters_.get(quarter).open });
      for (let month = quarter * 3; month < quarter * 3 + 3; month += 1) line.append(drawMonth(year, month));
      section.append(line);
    }
    board.append(section);
    jump.append(element("a", { href: `#y${year}`, class: person ? "person" : open ? "busy" : "" }, String(year), open ? element("span", {}, told) : null));
  }
  const start = board.querySelector(".s-needs-a-person") || board.querySelector(".c");
  if (start) start.setAttribute("tabindex", "0");
}

function cellOf(node) {
  const name = node instanceof Element && /^c(\d+)-(-?\d+)$/.exec(node.id);
  return name ? cells[Number(name[1])].get(Number(name[2])) : null;
}

// The cell beneath the pointer: shapes have holes, and nobody aims at ten pixels.
function cellAt(event) {
  const svg = event.target instanceof Element && event.target.closest("svg[data-first]");
  if (!svg) return null;
  const box = svg.getBoundingClientRect();
  const pitch = box.width / 31;
  const row = cells[Math.floor((event.clientY - box.top) / pitch - HEAD / PITCH)];
  return (row && row.get(Number(svg.dataset.first) + Math.floor((event.clientX - box.left) / pitch))) || null;
}

const nodeOf = (cell) => document.getElementById(`c${cell.t}-${cell.day}`);

function point(cell) {
  const node = nodeOf(cell);
  if (pointed !== node) showTip(cell, node);
}

// Roving tabindex: one cell of the whole calendar can be reached by Tab.
function focusCell(cell) {
  const node = nodeOf(cell);
  if (!node) return;
  board.querySelectorAll('[tabindex="0"]').forEach((other) => other.setAttribute("tabindex", "-1"));
  node.setAttribute("tabindex", "0");
  node.setAttribute("aria-label", `${iso(cell.day)}, ${title(cell)}: ${verdict(cell)}. ${sentence(cell)}`);
  node.focus({ preventScroll: true });
  const box = node.getBoundingClientRect();
  if (box.top < 90 || box.bottom > innerHeight - 40) node.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  showTip(cell, node);
}

// The nearest date of the same transition in that direction, at least `least` days away.
function along(cell, direction, least = 1) {
  const days = [...cells[cell.t].keys()].filter((day) => (day - cell.day) * direction >= least);
  return days.length ? cells[cell.t].get(direction > 0 ? Math.min(...days) : Math.max(...days)) : null;
}

function across(cell, direction) {
  for (let t = cell.t + direction; t >= 0 && t < cells.length; t += direction) {
    if (cells[t].has(cell.day)) return cells[t].get(cell.day);
  }
  return null;
}

const MOVES = {
  ArrowRight: (cell) => along(cell, 1),
  ArrowLeft: (cell) => along(cell, -1),
  ArrowDown: (cell) => across(cell, 1),
  ArrowUp: (cell) => across(cell, -1),
  PageDown: (cell) => along(cell, 1, 28),
  PageUp: (cell) => along(cell, -1, 28),
  Home: (cell) => cells[cell.t].get(Math.min(...cells[cell.t].keys())),
  End: (cell) => cells[cell.t].get(Math.max(...cells[cell.t].keys())),
};

board.addEventListener("keydown", (event) => {
  const cell = cellOf(event.target);
  if (!cell) return;
  if (event.key === "Enter" || event.key === " ") explain(cell);
  else if (MOVES[event.key]) {
    const next = MOVES[event.key](cell);
    if (next) focusCell(next);
  } else return;
  event.preventDefault();
});
board.addEventListener("click", (event) => {
  const cell = cellAt(event);
  if (cell) explain(cell);
});
board.addEventListener("pointermove", (event) => {
  const cell = cellAt(event);
  if (cell) point(cell);
  else hideTip();
});
board.addEventListener("pointerleave", hideTip);
board.addEventListener("focusin", (event) => {
  const cell = cellOf(event.target);
  if (cell) focusCell(cell);
});
board.addEventListener("focusout", hideTip);

document.getElementById("only-open").addEventListener("change", (event) => {
  board.classList.toggle("only-open", event.target.checked);
});
