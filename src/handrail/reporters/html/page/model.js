// The data, unpacked: columns by the number of a test. Read only, from here on.

const OUTCOMES = {
  p: "passed", f: "failed", e: "error", s: "skipped", x: "xfailed", X: "xpassed", k: "flaky", q: "quarantined", n: "not run",
};
const ORDER = "feqkpXxsn";
const BAD = new Set(["f", "e"]);
const TICKS_PER_S = 10000;

const styleOf = (letter) => OUTCOMES[letter].replace(" ", "-");

/** What the page holds, as it was before it was packed. */
async function unpacked(element) {
  const text = element.textContent;
  if (element.dataset.kind === "json") return JSON.parse(text);
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let place = 0; place < packed.length; place += 1) bytes[place] = packed.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

/** The tests as columns that can be sorted and searched. */
function modelOf(data) {
  const { tests } = data;
  const count = tests.names.length;
  const files = [], fileOf = new Int32Array(count), ids = new Array(count);
  let at = 0;
  for (const [file, number] of tests.files) {
    for (let end = at + number; at < end; at += 1) {
      fileOf[at] = files.length;
      ids[at] = tests.names[at] ? `${file}::${tests.names[at]}` : file;
    }
    files.push(file);
  }
  const labels = new Map();
  data.causes.forEach((cause) => cause.tests.forEach((test) => labels.set(test, cause.label)));
  return {
    data, count, files, fileOf, ids, labels,
    run: data.run,
    names: tests.names,
    outcomes: tests.outcomes,
    ticks: Int32Array.from(tests.ticks),
    setup: Int32Array.from(tests.setup),
    teardown: Int32Array.from(tests.teardown),
    starts: Int32Array.from(tests.starts),
    workers: Int32Array.from(tests.workers),
    usual: tests.usual,
    slow: new Set(tests.slow),
    workerNames: tests.worker_names,
    tiers: tests.tiers,
    tierNames: tests.tiers.length ? data.run.tiers : [],
    history: (test) => tests.history_texts[tests.histories[test]] ?? "",
    reason: (test) => tests.reason_texts[tests.reasons[test]] ?? "",
    hasHistory: tests.history_texts.some((each) => each),
    lowered: null,
  };
}

const secondsOf = (model, test) => model.ticks[test] / TICKS_PER_S;
const needsLook = (model, test) => "feqk".includes(model.outcomes[test]);
const isBad = (model, test) => BAD.has(model.outcomes[test]);

/** How many tests there are of each outcome. */
function countsOf(model) {
  const counts = {};
  for (const letter of model.outcomes) counts[letter] = (counts[letter] ?? 0) + 1;
  return counts;
}

/** How often a test changed between good and bad, this run included; skips say nothing. */
function flips(model, test) {
  const verdicts = [...(model.outcomes[test] + model.history(test))].filter((each) => !"sn".includes(each)).map((each) => ("kq".includes(each) ? "f" : each));
  return verdicts.reduce((sum, each, place) => sum + (place > 0 && BAD.has(each) !== BAD.has(verdicts[place - 1])), 0);
}

/** How often a test was bad lately, from 0 to 1, this run included. */
function badShare(model, test) {
  const all = [...(model.outcomes[test] + model.history(test))].filter((each) => !"sn".includes(each));
  return all.length ? all.filter((each) => BAD.has(each) || "kq".includes(each)).length / all.length : 0;
}

/** Whether every word of the search is in the text; a word with - in front must not be. */
function matcher(query) {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
  const wanted = words.filter((word) => !word.startsWith("-"));
  const unwanted = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
  return (text) => wanted.every((word) => text.includes(word)) && !unwanted.some((word) => text.includes(word));
}

/** The numbers of the tests that the filter lets through, sorted as it says. */
function chosen(model, filter) {
  const letters = new Set(filter.outcomes), matches = matcher(filter.query);
  const worker = filter.worker ? model.workerNames.indexOf(filter.worker) : -2;
  const tier = filter.tier ? model.tierNames.indexOf(filter.tier) : -2;
  if (filter.query && !model.lowered) model.lowered = model.ids.map((id) => id.toLowerCase());
  const found = [];
  for (let test = 0; test < model.count; test += 1) {
    if (letters.size && !letters.has(model.outcomes[test])) continue;
    if (worker !== -2 && model.workers[test] !== worker) continue;
    if (tier !== -2 && model.tiers[test] !== tier) continue;
    if (filter.label && model.labels.get(test) !== filter.label) continue;
    if (filter.from && model.ticks[test] < filter.from * TICKS_PER_S) continue;
    if (filter.to && model.ticks[test] >= filter.to * TICKS_PER_S) continue;
    if (filter.query && !matches(model.lowered[test])) continue;
    found.push(test);
  }
  return sorted(model, found, filter.sort);
}

/** Sorted by a column; equal ones in the order of the run. `-time`: the largest first. Without a
 * column: what failed before what did not. */
function sorted(model, tests, sort) {
  const isDown = sort.startsWith("-"), key = SORTS[sort.replace("-", "")];
  if (!key) return [...tests.filter((test) => needsLook(model, test)), ...tests.filter((test) => !needsLook(model, test))];
  const values = key(model, tests), sign = isDown ? -1 : 1;
  const compare = typeof values.get(tests[0]) === "string"
    ? (a, b) => { const x = values.get(a), y = values.get(b); return x < y ? -1 : x > y ? 1 : 0; }
    : (a, b) => values.get(a) - values.get(b);
  return tests.sort((a, b) => sign * compare(a, b) || a - b);
}

const column = (value) => (model, tests) => {
  const found = new Map();
  for (const test of tests) found.set(test, value(model, test));
  return found;
};
const columnOf = (name) => (model) => ({ get: (test) => model[name][test] });
const ORDERS = Object.fromEntries([...ORDER].map((letter, place) => [letter, place]));
const SORTS = {
  outcome: (model) => ({ get: (test) => ORDERS[model.outcomes[test]] }),
  test: columnOf("ids"),
  worker: columnOf("workers"),
  time: columnOf("ticks"),
  history: column((model, test) => flips(model, test) + badShare(model, test)),
};
