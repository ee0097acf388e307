// One date of one transition: what was last said of it, what is said now, and what to type.
const dialog = document.getElementById("explain");
let asked = 0;

function explain(cell) {
  hideTip();
  dialog.replaceChildren(...explained(cell));
  if (!dialog.open) dialog.showModal();
  history.replaceState(null, "", `#${transition(cell).transition}/${iso(cell.day)}`);
  if (live) askNow(cell);
}

function explained(cell) {
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const facts = [
    ["judged so since", cell.judged.slice(0, 16).replace("T", " ") + " UTC"],
    ["reason code", cell.state.code],
    cell.seen ? ["gap seen since", `${cell.seen.slice(0, 16).replace("T", " ")} UTC, ${age(cell.seen)}`] : null,
    cell.attempts ? ["triggers for this data", String(cell.attempts)] : null,
  ].filter(Boolean);
  return [
    element("header", {}, element("div", {}, element("h2", { id: "explain-title", tabindex: "-1", autofocus: "" }, `${weekday(cell.day)} ${iso(cell.day)}`), element("p", {}, title(cell), " ", element("code", {}, transition(cell).transition))), close),
    element("p", { class: `verdict t-${slug(cell.state.standing)}` }, glyph(cell.state), element("strong", {}, verdict(cell)), element("span", {}, cell.state.standing)),
    element("p", { class: "says" }, sentence(cell)),
    element("dl", { class: "facts" }, ...facts.flatMap(([name, told]) => [element("dt", {}, name), element("dd", {}, told)])),
    element("div", { id: "asked", "aria-live": "polite" }),
    element("h3", {}, "The whole date"),
    column(cell),
    element("h3", {}, "What to type"),
    ...commandsFor(cell),
  ];
}

function column(cell) {
  const list = element("ol", { class: "column" });
  for (const each of ofDate(cell.day)) {
    const button = element("button", { type: "button", "aria-current": each === cell ? "true" : null }, glyph(each.state), element("span", {}, title(each)), element("em", { class: `t-${slug(each.state.standing)}` }, verdict(each)));
    button.addEventListener("click", () => {
      explain(each);
      dialog.querySelector('.column [aria-current="true"]').focus();
    });
    list.append(element("li", {}, button));
  }
  return list;
}

function commandsFor(cell) {
  const known = cell.state.code.startsWith("stuck") ? data.stuck_commands : data.commands[cell.state.standing];
  return known.map(([told, command]) => {
    const text = command.replaceAll("{transition}", transition(cell).transition).replaceAll("{date}", iso(cell.day));
    const button = element("button", { type: "button", "aria-label": `Copy: ${text}` }, "Copy");
    const line = element("div", { class: "command" }, element("p", {}, told), element("code", {}, text), button);
    button.addEventListener("click", () => copy(text, button, line));
    return line;
  });
}

async function copy(text, button, line) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    getSelection().selectAllChildren(line.querySelector("code"));
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

async function askNow(cell) {
  asked += 1;
  const mine = asked;
  const place = document.getElementById("asked");
  place.replaceChildren(element("p", { class: "quiet" }, "Asking what a scan would say now …"));
  let said;
  try {
    const query = new URLSearchParams({ transition: transition(cell).transition, date: iso(cell.day) });
    const answer = await fetch(`${base}api/explain?${query}`);
    said = await answer.json();
  } catch (error) {
    said = { error: "no answer: is the dashboard still running?" };
  }
  if (mine === asked) place.replaceChildren(...saidNow(said));
}

function saidNow(said) {
  if (said.error) return [element("h3", {}, "Now"), element("p", { class: "t-needs-a-person" }, said.error)];
  const word = said.condition ? `${said.condition}${said.action && said.action !== "none" ? `, ${said.action.replace("_", " ")}` : ""}` : "not judged";
  const told = [element("h3", {}, "Asked now"), element("p", { class: "says" }, element("strong", {}, word), ` ${said.sentence}`)];
  if (said.change) told.push(element("p", {}, element("b", {}, "What would change it: "), said.change));
  if (said.hint) told.push(element("p", {}, element("b", {}, "Hint: "), said.hint));
  if (said.rules && said.rules.length) {
    const rows = said.rules.map((rule) => element("tr", { class: rule.fits ? "fits" : null }, element("th", { scope: "row" }, rule.rule), element("td", {}, rule.fits ? "yes" : "no"), element("td", {}, rule.facts.join("; "))));
    const head = element("tr", {}, ...["Rule", "Fits", "What was compared"].map((name) => element("th", { scope: "col" }, name)));
    const rules = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    told.push(element("details", { open: "" }, element("summary", {}, "Every rule that was tried"), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rules" }, rules)));
  }
  return told;
}

dialog.addEventListener("close", () => {
  asked += 1;
  const [, name, date] = /^#([^/]+)\/(.+)$/.exec(location.hash) || [];
  history.replaceState(null, "", location.pathname + location.search);
  const t = data.transitions.findIndex((each) => each.transition === name);
  const cell = t >= 0 ? cells[t].get(offsetOf(date)) : null;
  if (cell) focusCell(cell);
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
