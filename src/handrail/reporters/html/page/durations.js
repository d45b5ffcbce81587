// Where the time went: how long tests take, the slowest tests, the slowest files.

const EDGES = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, Infinity];

/** How many tests fall between two edges each. */
function histogram(model) {
  const counts = new Array(EDGES.length - 1).fill(0);
  for (let test = 0; test < model.count; test += 1) {
    if (model.outcomes[test] === "n") continue;
    const seconds = secondsOf(model, test);
    counts[EDGES.findIndex((edge) => edge > seconds) - 1] += 1;
  }
  return counts;
}

/** The longest first; only so many are looked for, however many there are. */
function slowest(model, count) {
  const found = [];
  for (let test = 0; test < model.count; test += 1) {
    const ticks = model.ticks[test];
    if (found.length === count && ticks <= model.ticks[found[count - 1]]) continue;
    let place = found.length;
    while (place > 0 && model.ticks[found[place - 1]] < ticks) place -= 1;
    found.splice(place, 0, test);
    if (found.length > count) found.pop();
  }
  return found.filter((test) => model.ticks[test] > 0);
}

/** Seconds and tests of each file, the most first. */
function byFile(model) {
  const files = new Map();
  for (let test = 0; test < model.count; test += 1) {
    const found = files.get(model.fileOf[test]) ?? { ticks: 0, setup: 0, tests: 0 };
    found.ticks += model.ticks[test];
    found.setup += model.setup[test] + model.teardown[test];
    found.tests += 1;
    files.set(model.fileOf[test], found);
  }
  const named = new Map();
  for (const [number, each] of files) {
    const name = model.files[number], found = named.get(name) ?? { name, ticks: 0, setup: 0, tests: 0 };
    named.set(name, { name, ticks: found.ticks + each.ticks, setup: found.setup + each.setup, tests: found.tests + each.tests });
  }
  return [...named.values()].sort((a, b) => b.ticks - a.ticks);
}

/** What costs most that can be helped, and how. */
const adviceOf = (advice) =>
  part("What to do", make("ul", { class: "advice" }, advice.map((each) =>
    make("li", {}, make("span", { class: "number" }, duration(each.seconds)), make("div", {}, make("div", {}, each.what), make("div", { class: "muted" }, each.todo))))));

/** Names with how often and how long, as a profile measured it. */
const profiledOf = (title, rows) =>
  rows?.length > 0 && make("div", {}, make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, title), make("th", { scope: "col", class: "number" }, "times"), make("th", { scope: "col", class: "number" }, "time"))),
    make("tbody", {}, rows.map(([name, count, seconds]) => make("tr", {}, make("td", { class: "wide mono", title: name }, name), make("td", { class: "number muted" }, count.toLocaleString("en")), make("td", { class: "number" }, duration(seconds)))))));

/** The flame graph. As a picture: what is in it cannot run. */
const graphOf = (graph) =>
  graph && folded("Flame graph", () => make("img", { class: "graph", alt: "Flame graph of the run", src: `data:image/svg+xml;base64,${graph}` }));

function drawDurations(model, { open, show }) {
  const section = byId("durations"), { spending } = model.data, counts = histogram(model), most = Math.max(...counts);
  section.hidden = most === 0;
  if (most === 0) return;
  const first = counts.findIndex(Boolean), last = counts.findLastIndex ? counts.findLastIndex(Boolean) : counts.length - 1;
  const bar = (count, place) => {
    const from = EDGES[place], to = EDGES[place + 1], piece = make("i");
    piece.style.height = `${Math.round((100 * Math.sqrt(count)) / Math.sqrt(most))}px`;
    const edge = to === Infinity ? `≥ ${duration(from)}` : `< ${to < 1 ? `${to * 1000} ms` : `${to} s`}`;
    const words = `${plural(count, "test")} ${edge}`;
    return make("button", { type: "button", title: `${words}: show them`, "aria-label": `${words}: show them`, onclick: () => show({ ...NO_FILTER, from, to: to === Infinity ? 0 : to, sort: "-time" }) },
      make("span", { class: "count" }, count ? count.toLocaleString("en") : ""), piece, make("span", { class: "edge" }, edge));
  };
  const total = model.ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_S;
  const fixtures = (model.setup.reduce((sum, each) => sum + each, 0) + model.teardown.reduce((sum, each) => sum + each, 0)) / TICKS_PER_S;
  const slow = slowest(model, 12), files = byFile(model);
  const slowRow = (test) => make("tr", {}, make("td", { class: "wide" }, opener(model, test, open)), make("td", { class: "number" }, duration(secondsOf(model, test))), make("td", { class: "number muted" }, `${Math.round((100 * (model.setup[test] + model.teardown[test])) / model.ticks[test])} %`));
  const fileRow = (file) => make("tr", {}, make("td", { class: "wide" }, make("button", { type: "button", class: "plain mono", title: file.name, onclick: () => show({ ...NO_FILTER, query: file.name, sort: "-time" }) }, file.name)), make("td", { class: "number" }, duration(file.ticks / TICKS_PER_S)), make("td", { class: "number muted" }, file.tests.toLocaleString("en")));
  const table = (heads, rows) => make("table", {}, make("thead", {}, make("tr", {}, heads.map((word, place) => make("th", { scope: "col", class: place ? "number" : "" }, word)))), make("tbody", {}, rows));
  fill(section,
    heading("durations-title", "Durations", `${duration(total)} in tests, ${total ? Math.round((100 * fixtures) / total) : 0} % of it in set-up and teardown`),
    make("div", { class: "bars" }, counts.slice(first, last + 1).map((count, place) => bar(count, place + first))),
    spending.advice.length > 0 && adviceOf(spending.advice),
    make("div", { class: "columns part" },
      make("div", {}, table(["Slowest tests", "time", "fixtures"], slow.map(slowRow))),
      make("div", {}, table(["Slowest files", "time", "tests"], files.slice(0, 12).map(fileRow))),
      profiledOf("Slowest fixtures, set-up", spending.fixtures), profiledOf("Slowest imports, by themselves", spending.imports), profiledOf("Sleeps", spending.sleeps)),
    graphOf(spending.graph));
}
