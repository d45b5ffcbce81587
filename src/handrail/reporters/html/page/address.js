// The filter lives in the part of the address behind #: what is seen can be sent to somebody.

const NO_FILTER = { query: "", outcomes: "", worker: "", tier: "", label: "", from: 0, to: 0, sort: "", test: "" };
const WORDS = Object.fromEntries(Object.entries(OUTCOMES).map(([letter, word]) => [word.replace(" ", "-"), letter]));

/** The filter that an address holds: `#outcome=failed,error&worker=gw0&q=orders&sort=-time`. */
function filterOf(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const words = (given.get("outcome") ?? "").split(",");
  return {
    query: given.get("q") ?? "",
    outcomes: words.map((word) => WORDS[word] ?? "").join(""),
    worker: given.get("worker") ?? "",
    tier: given.get("tier") ?? "",
    label: given.get("label") ?? "",
    from: Number(given.get("from")) || 0,
    to: Number(given.get("to")) || 0,
    sort: given.get("sort") ?? "",
    test: given.get("test") ?? "",
  };
}

/** The address of a filter; only what differs from no filter at all. */
function hashOf(filter) {
  const given = new URLSearchParams();
  if (filter.query) given.set("q", filter.query);
  if (filter.outcomes) given.set("outcome", [...filter.outcomes].map(styleOf).join(","));
  for (const name of ["worker", "tier", "label", "from", "to", "sort", "test"]) if (filter[name]) given.set(name, filter[name]);
  return given.size === 0 || [...given].length === 0 ? "" : `#${given}`;
}
