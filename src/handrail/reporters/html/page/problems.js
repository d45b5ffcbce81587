// What went wrong: the failure as pytest shows it, frames with values, output.

/** What a line of pytest's text is: `at` raised, `said` is the error, with what was removed and added. */
function kindOfLine(line) {
  if (/^E {1,9}[-?] /.test(line)) return "minus";
  if (/^E {1,9}\+ {0,2}(?! where| and)\S/.test(line)) return "plus";
  if (/^E( |$)/.test(line)) return "said";
  if (/^>/.test(line)) return "at";
  if (/^\S+:\d+: /.test(line)) return "place";
  return "";
}

/** Lines of code, the important ones coloured. */
const coded = (text) =>
  make("pre", { class: "block code", tabindex: "0", role: "group", "aria-label": "Traceback" },
    text.replace(/\s+$/, "").split("\n").map((line) => make("span", { class: kindOfLine(line) }, line || " ")));

const part = (title, ...children) => make("div", { class: "part" }, make("h3", {}, title), children);

/** Only what somebody asks for: the others are made when they are opened. */
function folded(title, body, isOpen = false) {
  const element = make("details", { class: "part" }, make("summary", {}, title));
  const open = () => { if (element.childElementCount === 1) element.append(body()); };
  element.addEventListener("toggle", open);
  if (isOpen) { open(); element.open = true; }
  return element;
}

const frameOf = (frame) =>
  make("li", {},
    make("div", { class: "mono" }, `${frame.path}:${frame.line} `, make("span", { class: "muted" }, `in ${frame.function}`)),
    frame.source && make("pre", {}, `    ${frame.source}`),
    frame.locals.length > 0 && make("dl", { class: "locals mono" },
      frame.locals.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));

const output = ([title, text]) => folded(title, () => make("pre", { class: "block", tabindex: "0" }, text), text.length < 4000);

/** A problem from its message to what was printed. */
const problem = (each) => [
  each.text ? coded(each.text) : coded(each.message.split("\n").map((line) => `E   ${line}`).join("\n")),
  each.chain.length > 0 && part("Caused by", each.chain.map((link) => make("pre", {}, link))),
  each.frames.length > 0 && folded(`${plural(each.frames.length, "frame")} with values`,
    () => make("ol", { class: "frames" }, each.frames.map(frameOf)), each.frames.some((frame) => frame.locals.length)),
  each.sections.map(output),
];

/** A name that opens the test. */
const opener = (model, test, open) =>
  make("button", { type: "button", class: "plain mono", title: model.ids[test], onclick: () => open(test) }, model.ids[test]);

const SHOWN = 12;

/** Names of tests: the first ones, and a button for the others. */
function namesOf(model, tests, open) {
  const list = make("div", { class: "tests-of" }, tests.slice(0, SHOWN).map((test) => opener(model, test, open)));
  if (tests.length > SHOWN) {
    const more = make("button", { type: "button" }, `${plural(tests.length - SHOWN, "more test")}`);
    more.addEventListener("click", () => { more.remove(); list.append(...tests.slice(SHOWN, SHOWN + 2000).map((test) => opener(model, test, open))); });
    list.append(more);
  }
  return list;
}

/** One cause: what, where, how many, and, when opened, everything. */
function causeOf(model, cause, open, isOpen) {
  const affected = cause.tests.length + cause.nodes.length;
  const body = () => make("div", { class: "body" },
    problem(cause),
    part(affected === 1 ? "Test" : `${affected.toLocaleString("en")} tests`, namesOf(model, cause.tests, open), cause.nodes.map((node) => make("div", { class: "mono" }, node))),
    command(cause.rerun));
  const element = make("details", { class: "cause", id: `cause-${cause.id}` },
    make("summary", {},
      make("span", { class: "mono muted" }, cause.id),
      cause.label && make("span", { class: `badge ${cause.label}` }, cause.label),
      cause.since && make("span", { class: "muted" }, "since ", make("span", { class: "mono" }, cause.since)),
      make("span", { class: "title" }, cause.title),
      make("span", { class: "muted" }, `${plural(affected, "test")} in ${cause.phase}`),
      make("span", { class: "message" }, cause.message.split("\n")[0]),
      make("span", { class: "mono muted" }, cause.where)));
  const grow = () => { if (element.open && element.childElementCount === 1) element.append(body()); };
  element.addEventListener("toggle", grow);
  if (isOpen) { element.open = true; grow(); }
  return element;
}

const CAUSES_SHOWN = 100;

function drawCauses(model, open) {
  const { causes } = model.data;
  const section = byId("causes");
  section.hidden = causes.length === 0;
  if (causes.length === 0) return;
  const bad = model.run.counts;
  const beside = `of ${plural((bad.failed ?? 0) + (bad.error ?? 0), "failure")}, those that cost most tests first`;
  const all = make("button", { type: "button", onclick: () => {
    const elements = [...section.querySelectorAll(".cause")], isOpen = !elements.every((each) => each.open);
    elements.forEach((each) => { each.open = isOpen; });
  } }, "Open or close all");
  fill(section, heading("causes-title", plural(causes.length, "cause"), beside, causes.length > 1 ? all : ""),
    causes.slice(0, CAUSES_SHOWN).map((cause, place) => causeOf(model, cause, open, place === 0)));
  if (causes.length <= CAUSES_SHOWN) return;
  const more = make("button", { type: "button" }, plural(causes.length - CAUSES_SHOWN, "more cause"));
  more.addEventListener("click", () => more.replaceWith(...causes.slice(CAUSES_SHOWN).map((cause) => causeOf(model, cause, open, false))));
  section.append(make("p", {}, more));
}
