// Listening to the server: what it tells, and whether it is still there.

/** Call `told` with everything that the server says at this address; `lost` when it is gone, and again when it is back. */
function listen(address, told, lost) {
  const source = new EventSource(address);
  source.onmessage = (event) => { lost(false); told(JSON.parse(event.data)); document.documentElement.dataset.ready = "yes"; };
  source.onerror = () => lost(true);
  return () => source.close();
}

const WORDS_OF_VERDICTS = {
  passed: "Passed", failed: "Failed", infra_error: "Infrastructure error", config_error: "Configuration error",
  nothing_ran: "Nothing ran", refused: "Refused", stopped: "Stopped", timed_out: "Out of time",
};

/** How a verdict is coloured: as the outcome that is like it. */
const styleOfVerdict = (verdict) => ({ passed: "passed", failed: "failed", timed_out: "failed", infra_error: "error", config_error: "error" })[verdict] ?? "flaky";

/** `404 passed, 7 failed`: every count that is not 0. */
const countsOfSummary = (summary) =>
  ["failed", "error", "flaky", "passed", "xpassed", "xfailed", "skipped", "quarantined", "not_run"]
    .filter((word) => summary[word]).map((word) => (word === "error" ? plural(summary.error, word) : `${summary[word].toLocaleString("en")} ${word.replace("_", " ")}`)).join(", ");

/** Say above everything that the server is gone. */
function showLost(isLost) {
  let note = byId("lost");
  if (!note) {
    note = make("p", { id: "lost", class: "said-badly", role: "alert" }, "The server has ended, or cannot be reached: handrail serve");
    byId("main").before(note);
  }
  note.hidden = !isLost;
}
