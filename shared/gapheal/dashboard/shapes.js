// Shape says what the rows are, colour what becomes of it. All shapes are 10 by 10, from their top left corner.
const SHAPES = {
  complete: null,
  excused: "m3.2 5a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0z",
  waiting: "m.8 3.7h8.4v2.6h-8.4z",
  settling: "m.8 2h8.4v2.2h-8.4zm0 3.8h8.4v2.2h-8.4z",
  missing: "m0 0h10v10h-10zm1.8 3.2l1.8 1.8l-1.8 1.8l1.4 1.4l1.8 -1.8l1.8 1.8l1.4 -1.4l-1.8 -1.8l1.8 -1.8l-1.4 -1.4l-1.8 1.8l-1.8 -1.8z",
  partial: "m.4 .4h9.2v9.2h-9.2zm1.5 1.5v3.1h6.2v-3.1z",
  stale: "m5 0l5 5l-5 5l-5 -5zm0 2.9l-2.1 2.1l2.1 2.1l2.1 -2.1z",
};

// A gap that waits for nobody is drawn in lines, so that grey paper and any eye tell it from what waits for a person.
const LINES = {
  missing: "m.8 .8h8.4v8.4h-8.4zm2.2 2.2l4 4m0 -4l-4 4",
  partial: "m.8 .8h8.4v8.4h-8.4zm0 4.9h8.4m-8.4 1.6h8.4",
  stale: "m5 1l4 4l-4 4l-4 -4z",
};
const LIGHT = new Set(["healing", "would heal", "reported"]);

const NS = "http://www.w3.org/2000/svg";

function shape(state, x, y, extra = "") {
  const kind = `c s-${slug(state.standing)}`;
  const lines = LIGHT.has(state.standing) && LINES[state.condition];
  if (lines) return `<path class="${kind} lines" d="M${x} ${y}${lines}"${extra}/>`;
  const path = SHAPES[state.condition];
  return path
    ? `<path class="${kind}" d="M${x} ${y}${path}"${extra}/>`
    : `<rect class="${kind}" x="${x}" y="${y}"${extra}/>`;
}

// A glyph to stand in a text.
function glyph(state) {
  const made = document.createElementNS(NS, "svg");
  made.setAttribute("class", "glyph");
  made.setAttribute("viewBox", "-1 -1 12 12");
  made.setAttribute("aria-hidden", "true");
  made.innerHTML = shape(state, 0, 0);
  return made;
}

const LEGEND = {
  "Shape: what is there": [
    ["complete", "whole", "whole"],
    ["missing", "healing", "missing: no rows"],
    ["partial", "healing", "partial: some missing"],
    ["stale", "healing", "stale: older input"],
    ["waiting", "waiting", "waiting for upstream"],
    ["settling", "waiting", "being written"],
    ["excused", "excused", "excused"],
    ["none", "none", "nothing to judge"],
  ],
  "Colour: what becomes of it": [
    ["missing", "needs a person", "waits for a person"],
    ["missing", "healing", "heals by itself"],
    ["missing", "would heal", "only observed"],
    ["stale", "reported", "reported, no more"],
  ],
};

function drawLegend() {
  const place = document.getElementById("legend");
  for (const [told, kinds] of Object.entries(LEGEND)) {
    const items = kinds.map(([condition, standing, name]) => element("li", {}, glyph({ condition, standing }), name));
    place.append(element("div", {}, element("h3", {}, told), element("ul", {}, ...items)));
  }
}

// Beside a count, the shape of what is counted.
function drawGlyphs() {
  for (const node of document.querySelectorAll("[data-glyph]")) {
    const [condition, standing] = node.dataset.glyph.split("/");
    node.prepend(glyph({ condition, standing }));
  }
}
