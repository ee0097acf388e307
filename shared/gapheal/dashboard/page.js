// The page as a whole: its address, the search, the theme; then everything is drawn.
const base = new URL(location.href.split(/[?#]/)[0].replace(/[^/]*\.html$/, "").replace(/\/?$/, "/")).href;
for (const link of document.querySelectorAll("a[data-api]")) link.href = base + link.getAttribute("href");

const search = document.getElementById("search");
const found = document.getElementById("found");

function goTo(text) {
  const wanted = text.trim();
  if (!/^\d{4}(-\d\d(-\d\d)?)?$/.test(wanted) || Number.isNaN(Date.parse(wanted))) {
    found.textContent = "expected 2024-04-16, 2024-04 or 2024";
    return;
  }
  const days = [...new Set(cells.flatMap((row) => [...row.keys()]))].filter((day) => iso(day).startsWith(wanted)).sort((a, b) => a - b);
  if (!days.length) {
    found.textContent = `nothing was judged in ${wanted}`;
    return;
  }
  const of = days.flatMap(ofDate);
  const broken = of.find((cell) => !isWell(cell));
  found.textContent = days.length > 1 ? `${days.length} dates, ${of.filter((cell) => cell.state.open).length} open` : "";
  board.classList.remove("only-open");
  document.getElementById("only-open").checked = false;
  focusCell(broken || of[0]);
}

search.addEventListener("submit", (event) => {
  event.preventDefault();
  goTo(search.elements.date.value);
});

function follow() {
  const [, name, date] = /^#([a-z0-9_]+)\/(\d{4}-\d\d-\d\d)$/.exec(location.hash) || [];
  const t = data.transitions.findIndex((each) => each.transition === name);
  const cell = t >= 0 ? cells[t].get(offsetOf(date)) : null;
  if (cell) explain(cell);
  else if (/^#\d{4}-\d\d-\d\d$/.test(location.hash)) goTo(location.hash.slice(1));
}

const theme = document.getElementById("theme");
const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function showTheme() {
  theme.setAttribute("aria-pressed", String(isDark()));
}

theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("gapheal-theme", document.documentElement.dataset.theme);
  } catch (error) {
    // It lasts until the page is left.
  }
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

showTheme();
drawGlyphs();
drawLegend();
drawStrips();
drawCalendar();
drawGaps();
addEventListener("hashchange", follow);
follow();
document.body.dataset.ready = String(Math.round(performance.now()));
