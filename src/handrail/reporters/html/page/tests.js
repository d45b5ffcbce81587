// The table. Only the rows in view exist, so that a hundred thousand tests are as quick as ten.

const ROW = 30, SPARE = 8, STRIP = 15;

/** Earlier outcomes, oldest first, and this run's at the end. */
function strip(history, now) {
  const letters = [...history].slice(0, STRIP).reverse();
  const words = letters.map((letter) => OUTCOMES[letter]);
  return make("span", { class: "strip", role: "img", "aria-label": `before: ${words.join(", ") || "nothing"}` },
    letters.map((letter) => make("i", { class: styleOf(letter) })), make("i", { class: `${styleOf(now)} now` }));
}

/** A row for a test, as children of a `.row`. */
function cells(model, test, longest) {
  const letter = model.outcomes[test], seconds = secondsOf(model, test);
  const isSlow = model.slow.has(test);
  const bar = make("i", { class: isSlow ? "slow" : "", title: isSlow ? `usually ${duration(model.usual[test] / TICKS_PER_S)}` : null });
  bar.style.width = `${Math.round(70 * Math.sqrt(seconds / (longest || 1)))}px`;
  const file = model.files[model.fileOf[test]];
  return [
    make("span", { role: "gridcell", class: `outcome ${styleOf(letter)}` }, OUTCOMES[letter]),
    make("span", { role: "gridcell", class: "name" }, make("span", { class: "file" }, model.names[test] ? `${file}::` : ""), model.names[test] || file),
    make("span", { role: "gridcell", class: "history" }, strip(model.history(test), letter)),
    make("span", { role: "gridcell", class: "worker" }, model.workerNames[model.workers[test]] ?? ""),
    make("span", { role: "gridcell", class: "took number" }, bar, letter === "n" ? "" : duration(seconds)),
  ];
}

/** The table of a model. `open(test)` shows one; `changed(filter)` is told of every change. */
function tableOf(model, { open, changed }) {
  const body = make("div", { class: "grid-body", role: "rowgroup", tabindex: "-1" });
  const sheet = make("div", { class: "sheet", role: "presentation" });
  const count = make("span", { class: "muted", "aria-live": "polite" });
  const search = make("input", { type: "search", placeholder: "Search tests: words, -not", "aria-label": "Search tests", spellcheck: "false" });
  const worker = make("select", { "aria-label": "Worker" });
  const tier = make("select", { "aria-label": "Tier" });
  const label = make("select", { "aria-label": "Label of the failure" });
  const span = make("button", { type: "button", hidden: true, title: "Show every duration" });
  const clear = make("button", { type: "button", hidden: true }, "Clear");
  const chips = new Map(), heads = new Map(), rows = new Map();
  const longest = model.ticks.reduce((most, each) => Math.max(most, each), 0) / TICKS_PER_S;
  let filter = NO_FILTER, shown = [], at = -1, isAsked = false;
  body.append(sheet);

  const apply = (changes, isQuiet = false) => {
    const next = { ...filter, ...changes };
    const isSame = ["query", "outcomes", "worker", "tier", "label", "from", "to", "sort"].every((name) => next[name] === filter[name]);
    filter = next;
    if (!isSame || !shown.length) {
      shown = chosen(model, filter);
      at = -1;
      body.scrollTop = 0;
    }
    draw();
    if (!isQuiet) changed(filter);
  };

  function draw() {
    count.textContent = shown.length === model.count ? plural(model.count, "test") : `${shown.length.toLocaleString("en")} of ${plural(model.count, "test")}`;
    if (search.value !== filter.query && document.activeElement !== search) search.value = filter.query;
    worker.value = filter.worker;
    tier.value = filter.tier;
    label.value = filter.label;
    chips.forEach((chip, letter) => chip.setAttribute("aria-pressed", filter.outcomes.includes(letter)));
    heads.forEach((head, key) => {
      const isUp = filter.sort === key, isDown = filter.sort === `-${key}`;
      head.parentElement.setAttribute("aria-sort", isUp ? "ascending" : isDown ? "descending" : "none");
      head.textContent = `${head.dataset.word}${isUp ? " ↑" : isDown ? " ↓" : ""}`;
    });
    span.hidden = !filter.from && !filter.to;
    span.textContent = `${duration(filter.from)} to ${filter.to ? duration(filter.to) : "any"} ✕`;
    clear.hidden = hashOf({ ...filter, test: "" }) === "";
    sheet.style.height = `${Math.max(1, shown.length) * ROW}px`;
    grid.setAttribute("aria-rowcount", shown.length + 1);
    grid.removeAttribute("aria-activedescendant");
    rows.forEach((row) => row.remove());
    rows.clear();
    drawRows();
  }

  /** Rows that came into view are made, those that left it are removed; the others stay. */
  function drawRows() {
    isAsked = false;
    const first = Math.max(0, Math.floor(body.scrollTop / ROW) - SPARE);
    const last = Math.min(shown.length, Math.ceil((body.scrollTop + body.clientHeight) / ROW) + SPARE);
    rows.forEach((row, place) => { if (place < first || place >= last) { row.remove(); rows.delete(place); } });
    for (let place = first; place < last; place += 1) if (!rows.has(place)) rows.set(place, rowAt(place));
    if (!shown.length) rows.set(0, sheet.appendChild(make("div", { class: "empty row" }, "No test is like that.")));
  }

  function rowAt(place) {
    const test = shown[place];
    const row = make("div", { class: "row", role: "row", id: `row-${place}`, "aria-rowindex": place + 2, "aria-selected": place === at, onclick: () => { move(place); open(test); } },
      cells(model, test, longest));
    row.style.transform = `translateY(${place * ROW}px)`;
    return sheet.appendChild(row);
  }

  /** The cursor goes to a row, which comes into view. */
  function move(place) {
    if (!shown.length) return -1;
    rows.get(at)?.setAttribute("aria-selected", "false");
    at = Math.max(0, Math.min(shown.length - 1, place));
    if (at * ROW < body.scrollTop) body.scrollTop = at * ROW;
    if ((at + 1) * ROW > body.scrollTop + body.clientHeight) body.scrollTop = (at + 1) * ROW - body.clientHeight;
    drawRows();
    rows.get(at)?.setAttribute("aria-selected", "true");
    grid.setAttribute("aria-activedescendant", `row-${at}`);
    return shown[at];
  }

  body.addEventListener("scroll", () => { if (!isAsked) { isAsked = true; requestAnimationFrame(drawRows); } }, { passive: true });
  addEventListener("resize", drawRows);
  search.addEventListener("input", () => apply({ query: search.value.trim() }));
  worker.addEventListener("change", () => apply({ worker: worker.value }));
  tier.addEventListener("change", () => apply({ tier: tier.value }));
  label.addEventListener("change", () => apply({ label: label.value }));
  span.addEventListener("click", () => apply({ from: 0, to: 0 }));
  clear.addEventListener("click", () => { search.value = ""; apply({ ...NO_FILTER }); });

  const option = (text, value) => make("option", { value }, text);
  fill(worker, option("every worker", ""), model.workerNames.filter(Boolean).sort().map((name) => option(name, name)));
  worker.hidden = model.workerNames.filter(Boolean).length < 2;
  fill(tier, option("every tier", ""), model.tierNames.map((name) => option(name, name)));
  tier.hidden = model.tierNames.length < 2;
  const found = [...new Set(model.labels.values())].filter(Boolean);
  fill(label, option("every label", ""), found.map((name) => option(name, name)));
  label.hidden = found.length < 1;
  const counts = countsOf(model);
  for (const letter of [...ORDER].filter((each) => counts[each])) {
    const press = () => apply({ outcomes: filter.outcomes.includes(letter) ? filter.outcomes.replace(letter, "") : filter.outcomes + letter });
    chips.set(letter, make("button", { type: "button", class: `chip ${styleOf(letter)}`, "aria-pressed": "false", onclick: press }, OUTCOMES[letter], make("span", { class: "muted number" }, counts[letter].toLocaleString("en"))));
  }
  const head = (key, word, style = "") => {
    const isDownFirst = key === "time" || key === "history";
    const turn = { "": isDownFirst ? `-${key}` : key, [isDownFirst ? `-${key}` : key]: isDownFirst ? key : `-${key}` };
    const button = make("button", { type: "button", "data-word": word, onclick: () => apply({ sort: filter.sort.replace("-", "") === key ? turn[filter.sort] ?? "" : turn[""] }) }, word);
    heads.set(key, button);
    return make("span", { role: "columnheader", class: style }, button);
  };
  const grid = make("div", { class: `grid ${model.hasHistory ? "" : "no-history"}`, role: "grid", tabindex: "0", "aria-label": "Tests" },
    make("div", { class: "grid-head", role: "row" }, head("outcome", "Outcome"), head("test", "Test"), head("history", "History", "history"), head("worker", "Worker", "worker"), head("time", "Time", "time")),
    body);
  grid.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(body.clientHeight / ROW) - 1);
    const place = { PageDown: at + page, PageUp: at - page, Home: 0, End: shown.length - 1 }[event.key];
    if (place === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(place);
  });
  const section = byId("tests");
  section.hidden = false;
  fill(section, heading("tests-title", "Tests"), make("div", { class: "filters" }, search, [...chips.values()], tier, worker, label, span, clear, count), grid, make("table", { class: "paper", id: "paper" }));

  return {
    apply, move, search,
    step: (by) => move(at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by),
    current: () => (at >= 0 ? shown[at] : -1),
    goTo: (test) => { const place = shown.indexOf(test); if (place >= 0) move(place); },
    filter: () => filter,
    shown: () => shown,
    focus: () => grid.focus({ preventScroll: true }),
  };
}

const ON_PAPER = 400;

/** The same tests as rows of paper: the bad ones first, and how many are left out. */
function drawPaper(model, tests) {
  const ordered = [...tests].sort((a, b) => isBad(model, b) - isBad(model, a) || 0).slice(0, ON_PAPER);
  const row = (test) => make("tr", {}, make("td", { class: `outcome ${styleOf(model.outcomes[test])}` }, OUTCOMES[model.outcomes[test]]), make("td", {}, model.ids[test]), make("td", { class: "number" }, duration(secondsOf(model, test))));
  const left = tests.length - ordered.length;
  fill(byId("paper"), make("tbody", {}, ordered.map(row), left > 0 && make("tr", {}, make("td", { colspan: "3" }, `and ${plural(left, "more test")}`))));
}
