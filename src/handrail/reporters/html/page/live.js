// A run that goes on: how far it is, what runs now, what has failed.

const FEED = 200;

/** How long each running test has been running, drawn against what it usually takes. */
function runningOf(running) {
  const row = (each) => make("tr", {},
    make("td", { class: "wide mono", title: each.test }, each.test),
    make("td", { class: "number" }, duration(each.for_s)),
    make("td", { class: "number muted" }, each.usual_s ? `usually ${duration(each.usual_s)}` : ""));
  return make("table", {}, make("tbody", {}, [...running].sort((a, b) => b.for_s - a.for_s).map(row)));
}

const failureOf = (each) =>
  make("details", { class: "cause" },
    make("summary", {},
      make("span", { class: "mono muted" }, each.id), make("span", { class: "title" }, each.exception || each.kind),
      make("span", { class: "muted" }, plural(each.count, "failure")), make("span", { class: "message" }, each.message.split("\n")[0]), make("span", { class: "mono muted" }, each.where)),
    make("div", { class: "body" },
      make("pre", { class: "block" }, each.message), each.output_tail && make("pre", { class: "block" }, each.output_tail),
      make("div", { class: "mono" }, each.tests.map((test) => make("div", {}, test))), command(each.rerun)));

const feedRow = ([test, outcome, seconds, worker]) =>
  make("tr", {}, make("td", {}, make("span", { class: `outcome ${outcome}` }, outcome)), make("td", { class: "wide mono", title: test }, test), make("td", { class: "muted" }, worker), make("td", { class: "number" }, duration(seconds)));

/** The page of the run, once; afterwards only what changes. */
function frameOfRun(id) {
  const parts = {
    line: make("p", { class: "line" }), share: make("div", { class: "share", role: "progressbar", "aria-label": "How far it is", "aria-valuemin": "0", "aria-valuemax": "100" }),
    facts: make("div", {}), running: make("div", {}), failures: make("div", {}), feed: make("tbody", {}),
  };
  parts.failing = make("section", { "aria-labelledby": "failures-title", hidden: true }, heading("failures-title", "Failures so far"), parts.failures);
  parts.now = make("section", { "aria-labelledby": "now-title" }, heading("now-title", "Running now"), parts.running);
  fill(byId("main"),
    make("section", { id: "overview", "aria-labelledby": "verdict" }, make("h1", { id: "verdict" }, "Running"), parts.line, parts.share, parts.facts),
    parts.failing, parts.now,
    make("section", { "aria-labelledby": "feed-title" }, heading("feed-title", "Finished", `the last ${FEED}, the newest first`), make("table", {}, parts.feed)));
  return parts;
}

function drawShare(parts, { summary, done, total }) {
  const letters = [["failed", summary.failed], ["error", summary.error], ["flaky", summary.flaky], ["passed", summary.passed], ["xfailed", summary.xfailed], ["xpassed", summary.xpassed], ["skipped", summary.skipped]];
  const pieces = letters.filter(([, count]) => count).map(([word, count]) => { const piece = make("span", { class: word }); piece.style.flexGrow = count; return piece; });
  const rest = make("span", { class: "rest" });
  rest.style.flexGrow = Math.max(0, (total || done + 1) - done);
  fill(parts.share, pieces, rest);
  parts.share.setAttribute("aria-valuenow", total ? Math.round((100 * done) / total) : 0);
}

function drawLive(parts, told) {
  const { timing, failures } = told;
  parts.line.textContent = `${done(told)}${countsOfSummary(told.summary) ? `: ${countsOfSummary(told.summary)}` : ""}`;
  drawShare(parts, told);
  fill(parts.facts, facts([
    ["For", duration(timing.elapsed_s)], ["Left", timing.eta_s === null ? "" : `about ${duration(timing.eta_s)} (${timing.eta_basis})`],
    ["Budget", timing.budget_s ? duration(timing.budget_s) : ""], ["Tier", told.tier], ["Silent for", timing.last_progress_s_ago > 10 ? duration(timing.last_progress_s_ago) : ""],
  ]));
  parts.now.hidden = timing.running.length === 0;
  fill(parts.running, runningOf(timing.running));
  parts.failing.hidden = failures.length === 0;
  const opened = new Set([...parts.failures.querySelectorAll("[open] .mono")].map((each) => each.textContent));
  fill(parts.failures, failures.map((each) => { const element = failureOf(each); element.open = opened.has(each.id); return element; }));
  parts.feed.prepend(...told.finished.map(feedRow).reverse());
  while (parts.feed.childElementCount > FEED) parts.feed.lastElementChild.remove();
}

const done = (told) => (told.total ? `${told.done.toLocaleString("en")} of ${plural(told.total, "test")}` : `${plural(told.done, "test")} so far`);

const id = document.body.dataset.run;
document.title = `${id} · running · Handrail`;
startTheme(() => {});
const parts = frameOfRun(id);
const stop = listen("live", (told) => {
  if (told.is_over) { stop(); location.reload(); return; }
  drawLive(parts, told);
}, showLost);
