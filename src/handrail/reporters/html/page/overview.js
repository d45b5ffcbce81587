// The verdict, what changed since the run before, and what the run depended on.

const VERDICTS = {
  passed: "Passed", failed: "Failed", infra_error: "Infrastructure error", config_error: "Configuration error",
  nothing_ran: "Nothing ran", refused: "Refused", stopped: "Stopped", timed_out: "Out of time",
};

/** The outcomes as one bar; each part filters the table. */
const shareOf = (counts, show) =>
  make("div", { class: "share", role: "group", "aria-label": "Outcomes" },
    [...ORDER].filter((letter) => counts[letter]).map((letter) => {
      const part = make("span", { class: styleOf(letter), title: `${counts[letter].toLocaleString("en")} ${OUTCOMES[letter]}`, onclick: () => show({ ...NO_FILTER, outcomes: letter }) });
      part.style.flexGrow = counts[letter];
      return part;
    }));

const WORDS_IN_ORDER = ["failed", "error", "flaky", "passed", "xpassed", "xfailed", "skipped", "quarantined"];

/** `412 tests: 7 failed, 404 passed, 1 skipped`, as pytest counts. */
function countsText(run) {
  const words = [...WORDS_IN_ORDER, ...Object.keys(run.counts).filter((word) => !WORDS_IN_ORDER.includes(word))];
  const parts = words.filter((word) => run.counts[word]).map((word) => (word === "error" ? plural(run.counts[word], word) : `${run.counts[word].toLocaleString("en")} ${word}`));
  if (run.not_run) parts.push(`${run.not_run.toLocaleString("en")} not run`);
  return parts.length ? `${plural(run.total, "test")}: ${parts.join(", ")}` : "no tests";
}

/** A commit, shortened, and whether the work tree was as it says. */
const commitOf = (env) => env.commit ? `${env.commit.slice(0, 12)}${env.dirty === "yes" ? ", with changes" : ""}` : "";

function drawOverview(model, show) {
  const { run } = model, counts = countsOf(model);
  const verdict = VERDICTS[run.verdict] ?? run.verdict;
  byId("bar-verdict").textContent = verdict;
  byId("bar-run").textContent = `run ${run.id}`;
  const budget = run.budget_s ? ` of ${duration(run.budget_s)}` : "";
  fill(byId("overview"),
    make("h1", { id: "verdict" }, verdict),
    make("p", { class: "line" }, `${countsText(run)} in ${duration(run.elapsed_s)}${budget}`),
    run.reason && make("p", { class: "why" }, run.reason),
    shareOf(counts, show),
    facts([
      ["Tier", run.tiers.join(", ")], ["Selection", run.selection.join(" ")], ["Shard", run.shard], ["Began", moment(run.started_at)],
      ["Commit", commitOf(run.env)], ["Python", run.env.python], ["Workers", run.workers || ""], ["Where", run.place], ["Run", run.id],
    ]),
    run.problems.map((each) => make("p", { class: "said-badly" }, each.message, each.fix ? ` Fix: ${each.fix}` : "")),
    run.withheld.length > 0 && make("p", { class: "said-badly" }, withheldText(run.withheld)),
    run.next ? command(run.next) : "");
}

const withheldText = (withheld) =>
  withheld.map((each) => `${plural(each.count, "test")} of ${each.tier || "no tier"} withheld: ${each.reason}${each.open_with ? ` (${each.open_with})` : ""}`).join("; ");

/** One list of the comparison; nothing where it is empty. */
function listOf(title, style, entries) {
  if (!entries.length) return null;
  const list = make("ul", {}, entries.slice(0, 8));
  const more = entries.length > 8 && make("button", { type: "button" }, `${entries.length - 8} more`);
  if (more) more.addEventListener("click", () => { list.append(...entries.slice(8, 1000)); more.remove(); });
  return make("div", {}, make("h3", {}, make("span", { class: `outcome ${style}` }, `${title} (${entries.length.toLocaleString("en")})`)), list, more);
}

function drawComparison(model, open) {
  const found = model.data.comparison, section = byId("compared");
  section.hidden = !found;
  if (!found) return;
  const name = (test) => make("li", {}, opener(model, test, open));
  const change = ([test, before, now]) =>
    make("li", {}, opener(model, test, open), make("span", { class: "number" }, `${duration(before / TICKS_PER_S)} → ${duration(now / TICKS_PER_S)}`));
  const lists = [
    listOf("Fail now", "failed", found.failing.map(name)), listOf("Fixed", "passed", found.fixed.map(name)),
    listOf("Slower", "flaky", found.slower.map(change)), listOf("Faster", "passed", found.faster.map(change)),
    listOf("New", "xfailed", found.added.map(name)), listOf("Gone", "skipped", found.removed.map((id) => make("li", { class: "mono" }, id))),
  ].filter(Boolean);
  const took = `${duration(found.elapsed_s)} then, ${duration(model.run.elapsed_s)} now`;
  fill(section,
    heading("compared-title", "Since the run before", `${found.run}, ${moment(found.started_at)}: ${took}`),
    lists.length ? make("div", { class: "columns" }, lists) : make("p", { class: "muted" }, "The same tests with the same outcomes, none much slower or faster."));
}

function drawAbout(model) {
  const { run, data } = model, section = byId("about");
  section.hidden = false;
  const rows = (pairs) => make("table", {}, make("tbody", {}, pairs.map(([key, value]) => make("tr", {}, make("th", { scope: "row" }, key), make("td", { class: "mono" }, value)))));
  const notes = [...run.notes.map((each) => each.text), ...run.lost.map((each) => `worker ${each.worker} was lost after ${duration(each.at_s)}: ${each.reason}${each.test ? ` while it ran ${each.test}` : ""}`)];
  fill(section,
    heading("about-title", "About this run"),
    make("div", { class: "columns" },
      make("div", {}, rows([["exit code", String(run.exit_code)], ["complete", run.is_complete ? "yes" : `no, ${plural(run.not_run, "test")} did not run`], ["strategy", run.strategy || "one process"], ["deselected", String(run.deselected)], ...Object.entries(run.env)])),
      notes.length > 0 && make("div", {}, make("h3", {}, "Notes"), make("ul", {}, notes.map((text) => make("li", {}, text))))),
    command(run.again),
    make("p", { class: "muted" }, `Made by ${data.made_by}. This page holds everything; it asks no network.`));
}
