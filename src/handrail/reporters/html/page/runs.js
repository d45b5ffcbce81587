// The runs that are kept here, the newest first, and how they fared.

/** The runs as bars: how long each took, in the colour of its verdict. The oldest is at the left. */
function barsOf(runs) {
  const longest = Math.max(0.001, ...runs.map((run) => run.elapsed_s));
  return make("div", { class: "bars runs", role: "group", "aria-label": "How long each run took" }, [...runs].reverse().map((run) => {
    const bar = make("i", { class: run.is_over ? styleOfVerdict(run.verdict) : "going-on" });
    bar.style.height = `${Math.max(3, Math.round((100 * run.elapsed_s) / longest))}px`;
    const words = `${run.run_id}: ${wordOf(run)}, ${duration(run.elapsed_s)}`;
    return make("a", { href: `/runs/${run.run_id}/`, title: words, "aria-label": words }, bar);
  }));
}

const wordOf = (run) => (run.is_over ? WORDS_OF_VERDICTS[run.verdict] ?? run.verdict ?? "Never began" : "Running");

const rowOf = (run) =>
  make("tr", {},
    make("td", {}, make("span", { class: `outcome ${run.is_over ? styleOfVerdict(run.verdict) : "xfailed"}` }, wordOf(run))),
    make("td", {}, make("a", { class: "mono", href: `/runs/${run.run_id}/` }, run.run_id)),
    make("td", {}, run.tier, run.selection.length ? make("span", { class: "muted" }, ` ${run.selection.join(" ")}`) : ""),
    make("td", { class: "wide" }, countsOfSummary(run.summary)),
    make("td", { class: "mono muted" }, run.commit.slice(0, 10)),
    make("td", { class: "number" }, duration(run.elapsed_s)),
    make("td", { class: "number muted" }, run.started_at ? moment(Date.parse(run.started_at) / 1000) : ""));

function drawRuns({ project, runs }) {
  document.title = `${project} · Handrail`;
  byId("bar-run").textContent = project;
  const heads = ["Verdict", "Run", "Tier", "Tests", "Commit", "Took", "Began"];
  const alike = runs.filter((run) => run.elapsed_s > 0);
  fill(byId("main"),
    make("section", { "aria-labelledby": "runs-title" },
      heading("runs-title", "Runs", `${plural(runs.length, "run")} of ${project}, the newest first`),
      alike.length > 1 && barsOf(alike),
      runs.length
        ? make("table", { id: "runs" }, make("thead", {}, make("tr", {}, heads.map((word, place) => make("th", { scope: "col", class: place > 4 ? "number" : "" }, word)))), make("tbody", {}, runs.map(rowOf)))
        : make("p", { class: "empty" }, "No run yet. Begin one: handrail run")));
}

startTheme(() => {});
listen("/live", drawRuns, showLost);
