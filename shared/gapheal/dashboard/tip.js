// The reason beside the cell that is pointed at, or that has the focus.
const tip = document.getElementById("tip");
let pointed = null;

// A beam behind the column of the date: all its phases in one line.
const beam = document.createElementNS(NS, "rect");
for (const [name, value] of Object.entries({ class: "beam", y: HEAD - 3, width: PITCH + 4, height: height - HEAD + 6, "aria-hidden": "true" })) beam.setAttribute(name, value);

function showTip(cell, node) {
  const broken = ofDate(cell.day).find((each) => !isWell(each));
  const told = [
    element("p", { class: "when" }, `${weekday(cell.day)} ${iso(cell.day)}`, element("span", {}, title(cell))),
    element("p", { class: `what t-${slug(cell.state.standing)}` }, glyph(cell.state), verdict(cell)),
    element("p", {}, sentence(cell)),
  ];
  if (broken && broken !== cell) told.push(element("p", { class: "first" }, `First broken on this date: ${title(broken)}`));
  tip.replaceChildren(...told);
  pointed = node;
  const month = node.closest("svg");
  beam.setAttribute("x", (cell.day - month.dataset.first) * PITCH - 2);
  month.querySelector(".none").after(beam);
  tip.hidden = false;
  placeTip();
}

// Above the cell's month, or below where there is no room: the column stays to be seen.
function placeTip() {
  const box = pointed.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const most = document.documentElement.clientWidth - own.width - 8;
  tip.style.left = `${Math.max(8, Math.min(box.left + box.width / 2 - own.width / 2, most))}px`;
  const month = pointed.closest("svg").getBoundingClientRect();
  const above = month.top - own.height;
  tip.style.top = `${above > 8 ? above : month.bottom + 10}px`;
}

function hideTip() {
  tip.hidden = true;
  pointed = null;
  beam.remove();
}

addEventListener("scroll", () => {
  if (!pointed) return;
  const { top, bottom } = pointed.getBoundingClientRect();
  if (bottom < 0 || top > innerHeight) hideTip();
  else placeTip();
}, { passive: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});
