// Everything together: the data in, the sections drawn, the keys and the address connected.

const KEYS = [
  ["/", "search"], ["j k", "next test, previous test (also ↓ ↑)"], ["Enter", "open the test"], ["Escape", "close, or leave the search"],
  ["f", "only what failed, or everything"], ["g c", "top of the page, causes"], ["t", "light, dark, as the system has it"], ["?", "these keys"],
];

function drawSections() {
  const shown = [...document.querySelectorAll("main > section")].filter((each) => !each.hidden && each.id !== "overview");
  const word = (section) => section.id.charAt(0).toUpperCase() + section.id.slice(1);
  fill(byId("sections"), shown.map((section) => make("a", { href: `#${section.id}`, onclick: (event) => { event.preventDefault(); goTo(section.id); } }, word(section))));
}

function goTo(id) {
  byId(id).scrollIntoView({ block: "start" });
  byId(`${id}-title`)?.focus({ preventScroll: true });
}

function startHelp() {
  const help = byId("help");
  fill(help, make("h2", { id: "help-title" }, "Keys"), make("dl", { class: "keys" }, KEYS.map(([keys, text]) => [make("dt", {}, keys.split(" ").map((key) => [make("kbd", {}, key), " "])), make("dd", {}, text)])),
    make("form", { method: "dialog" }, make("button", {}, "Close")));
  byId("help-button").addEventListener("click", () => help.showModal());
  return () => (help.open ? help.close() : help.showModal());
}

/** Open every fold and write the table out, for paper; and back. */
function startPaper(model, table) {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open])")];
    opened.forEach((each) => { each.open = true; each.dispatchEvent(new Event("toggle")); });
    drawPaper(model, table.shown());
  });
  addEventListener("afterprint", () => {
    opened.forEach((each) => { each.open = false; });
    byId("paper").replaceChildren();
  });
}

async function start() {
  let back = null, redraw = () => {};
  const nextTheme = startTheme(() => redraw()), toggleHelp = startHelp();
  const model = modelOf(await unpacked(byId("data")));

  const open = (test) => {
    if (byId("details").hidden) back = document.activeElement;
    drawDetails(model, test, { open, shut, step });
    table.goTo(test);
    table.apply({ test: model.ids[test] });
    say(`${model.ids[test]}, ${OUTCOMES[model.outcomes[test]]}`);
  };
  const shut = () => {
    if (byId("details").hidden) return false;
    byId("details").hidden = true;
    table.apply({ test: "" });
    (back && back.isConnected ? back : document.body).focus({ preventScroll: true });
    return true;
  };
  const step = (by) => {
    const test = table.step(by);
    if (test >= 0 && !byId("details").hidden) open(test);
  };
  const show = (filter) => { table.apply(filter); goTo("tests"); };
  const changed = (filter) => {
    const hash = hashOf(filter);
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
  };
  const table = tableOf(model, { open, changed });

  drawOverview(model, show);
  drawCauses(model, open);
  drawComparison(model, open);
  redraw = drawTimeline(model, open);
  drawDurations(model, { open, show });
  drawAbout(model);
  drawSections();
  startPaper(model, table);

  /** The table as the address says; a name alone is a section. */
  const follow = () => {
    const hash = location.hash;
    if (hash && !hash.includes("=")) { if (byId(hash.slice(1))) goTo(hash.slice(1)); table.apply(NO_FILTER, true); return; }
    const filter = filterOf(hash), test = filter.test ? model.ids.indexOf(filter.test) : -1;
    table.apply(filter, true);
    if (test >= 0) open(test);
    else if (hash) goTo("tests");
  };
  addEventListener("hashchange", follow);
  follow();

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "Escape") {
      if (isTyping) { document.activeElement.blur(); table.focus(); } else shut();
      return;
    }
    if (isTyping) { if (event.key === "Enter") { document.activeElement.blur(); table.focus(); step(1); } return; }
    const isElsewhere = document.activeElement?.closest?.("button, a, summary, canvas");
    const act = {
      "/": () => { byId("tests").scrollIntoView({ block: "start" }); table.search.focus(); table.search.select(); },
      j: () => step(1), k: () => step(-1),
      ...(isElsewhere ? {} : { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => table.current() >= 0 && open(table.current()) }),
      f: () => show({ ...NO_FILTER, outcomes: table.filter().outcomes === "fe" ? "" : "fe" }),
      g: () => scrollTo({ top: 0 }), c: () => !byId("causes").hidden && goTo("causes"),
      t: nextTheme, "?": toggleHelp,
    }[event.key];
    if (!act || ((event.key === "ArrowDown" || event.key === "ArrowUp") && !byId("tests").contains(document.activeElement) && byId("details").hidden)) return;
    event.preventDefault();
    act();
  });
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  const text = typeof DecompressionStream === "undefined"
    ? "This browser is too old to unpack the report. Use one of the last years, or read report.json."
    : `The report cannot be shown: ${error.message}`;
  fill(byId("overview"), make("h1", { id: "verdict" }, document.body.dataset.verdict), make("p", {}, text));
  console.error(error);
});
