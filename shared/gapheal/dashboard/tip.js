// The reason beside the cell that is pointed at, or that has the focus.
const tip = document.getElementById("tip");
let pointed = null;

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
  tip.hidden = false;
  placeTip();
}

// Above the cell, or below where there is no room.
function placeTip() {
  const box = pointed.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const most = document.documentElement.clientWidth - own.width - 8;
  tip.style.left = `${Math.max(8, Math.min(box.left + box.width / 2 - own.width / 2, most))}px`;
  const above = box.top - own.height - 10;
  tip.style.top = `${above > 8 ? above : box.bottom + 10}px`;
}

function hideTip() {
  tip.hidden = true;
  pointed = null;
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
