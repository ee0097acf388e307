// The whole history of each transition in one line, all on one scale: what is not well stands out by height, too.
const WIDTH = 240, TALL = 16, WEEK = 7, LEAST = 3;
// From the weakest to the strongest; a week is as its worst date.
const WORST = [["excused", 2], ["whole", 6], ["waiting", 8], ["reported", 12], ["would heal", 12], ["healing", 12], ["needs a person", 16]];

function weeksOf(row) {
  const found = new Map();
  for (const { day, state } of row.values()) {
    const week = Math.floor(day / WEEK), rank = WORST.findIndex(([standing]) => standing === state.standing);
    found.set(week, Math.max(found.get(week) ?? -1, rank));
  }
  return [...found].sort(([a], [b]) => a - b);
}

function runsOf(weeks) {
  const runs = [];
  for (const [week, rank] of weeks) {
    const last = runs.at(-1);
    if (last && last.rank === rank && last.end === week) last.end += 1;
    else runs.push({ rank, start: week, end: week + 1 });
  }
  return runs.sort((a, b) => a.rank - b.rank);
}

function drawStrips() {
  const days = cells.flatMap((row) => [...row.keys()]);
  const most = days.reduce((last, day) => Math.max(last, day), 0);
  const scale = WIDTH / (Math.floor(most / WEEK) + 1);
  const years = [];
  for (let year = new Date(origin).getUTCFullYear() + 1; ; year += 1) {
    const day = offsetOf(`${year}-01-01`);
    if (day > most) break;
    years.push(`<rect class="tick" x="${((day / WEEK) * scale).toFixed(1)}" y="0" width=".6" height="${TALL}"/>`);
  }
  for (const place of document.querySelectorAll("svg[data-strip]")) {
    const drawn = runsOf(weeksOf(cells[Number(place.dataset.strip)])).map(({ rank, start, end }) => {
      const [standing, tall] = WORST[rank];
      const wide = Math.max((end - start) * scale, rank > 1 ? LEAST : 0);
      const x = Math.min(start * scale, WIDTH - wide);
      return `<rect class="b-${slug(standing)}" x="${x.toFixed(1)}" y="${(TALL - tall) / 2}" width="${wide.toFixed(1)}" height="${tall}"/>`;
    });
    place.innerHTML = [...years, ...drawn].join("");
  }
}
