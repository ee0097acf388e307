// What calendar.py encoded, read back: cells[t] maps the offset of a day to its verdict.
const data = JSON.parse(document.getElementById("data").textContent);
const live = document.body.dataset.live === "1";
const DAY = 86400000;
const origin = data.first ? Date.parse(data.first + "T00:00:00Z") : 0;
const now = Date.parse(data.now);

const iso = (offset) => new Date(origin + offset * DAY).toISOString().slice(0, 10);
const offsetOf = (text) => Math.round((Date.parse(text + "T00:00:00Z") - origin) / DAY);
const weekday = (offset) => ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][new Date(origin + offset * DAY).getUTCDay()];
const slug = (text) => text.replace(/\W+/g, "-");
const isOpen = new Set(data.open_standings);

const states = data.states.map(([condition, action, code, standing, words]) => ({
  condition, action, code, standing, words, open: isOpen.has(standing),
}));

const cells = data.runs.map((runs, t) => {
  const found = new Map();
  const numbers = data.numbers[t].split(";");
  let place = 0, last = [];
  for (const [first, count, state, moment] of runs) {
    for (let day = first; day < first + count; day += 1, place += 1) {
      if (numbers[place] !== "") last = numbers[place].split(",");
      else if (states[state].words.length === 1) last = [];
      found.set(day, { t, day, place, state: states[state], numbers: last, judged: data.moments[moment] });
    }
  }
  for (const [day, seen, attempts] of data.open[t]) {
    Object.assign(found.get(day), { seen: seen === null ? null : data.moments[seen], attempts });
  }
  return found;
});

// Where a sentence states its own numbers they stand between its words.
const sentence = (cell) => cell.state.words.map((word, n) => (n ? cell.numbers[n - 1] : "") + word).join("");
const transition = (cell) => data.transitions[cell.t];
const title = (cell) => `${transition(cell).upstream} → ${transition(cell).downstream}`;
const verdict = ({ state }) => (state.action === "none" ? state.condition : `${state.condition}, ${state.action.replace("_", " ")}`);
const isWell = (cell) => cell.state.standing === "whole" || cell.state.standing === "excused";
const ofDate = (day) => cells.map((row) => row.get(day)).filter(Boolean);

function age(text) {
  const seconds = Math.max(0, (now - Date.parse(text)) / 1000);
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${Math.round(seconds)} s`;
}

// An element with its texts and children; text is always text.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
