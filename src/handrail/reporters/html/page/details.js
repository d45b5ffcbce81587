// One test, at the side: what became of it, why, how it fared before, what it attached.

/** What a test attached: pictures and texts here, everything else as a link. */
function attachedOf(each) {
  const source = each.data ? `data:${each.kind};base64,${each.data}` : each.href;
  const link = make("a", { href: each.data ? null : source, download: each.data ? each.name : null, target: "_blank", rel: "noopener" }, each.name);
  if (each.data) link.addEventListener("click", (event) => { event.preventDefault(); save(each); });
  if (each.data) link.setAttribute("href", "#");
  const caption = make("figcaption", {}, link, ` ${each.kind}, ${size(each.bytes)}`);
  if (/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(each.kind)) return make("figure", {}, make("img", { src: source, alt: each.name, loading: "lazy" }), caption);
  if (each.kind.startsWith("video/")) return make("figure", {}, make("video", { src: source, controls: true }), caption);
  if (each.data && /^text\/|json$/.test(each.kind)) return make("figure", {}, folded(each.name, () => make("pre", { class: "block", tabindex: "0" }, textOf(each.data))), caption);
  return make("figure", {}, caption);
}

const bytesOf = (data) => Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
const textOf = (data) => new TextDecoder().decode(bytesOf(data));

/** Hand a file to the person: never opened here, where it could be a page with scripts. */
function save(each) {
  const url = URL.createObjectURL(new Blob([bytesOf(each.data)], { type: "application/octet-stream" }));
  const link = make("a", { href: url, download: each.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Set-up, call and teardown as one bar. */
function phasesOf(model, test) {
  const all = model.ticks[test], setup = model.setup[test], teardown = model.teardown[test];
  if (!all) return "";
  const parts = [["set-up", setup], ["call", Math.max(0, all - setup - teardown)], ["teardown", teardown]];
  const bar = make("div", { class: "phases", "aria-hidden": "true" }, parts.map(([, ticks]) => { const part = make("i"); part.style.flexGrow = ticks; return part; }));
  return make("div", { class: "part" }, make("h3", {}, parts.map(([word, ticks]) => `${word} ${duration(ticks / TICKS_PER_S)}`).join(" · ")), bar);
}

/** How a test fared: in words, with what they rest on. */
function historyOf(model, test) {
  const history = model.history(test);
  if (!history) return "";
  const changes = flips(model, test), share = badShare(model, test), runs = history.length + 1;
  const words = changes === 0 ? `the same in ${plural(runs, "run")}` : `bad in ${Math.round(share * runs)} of ${plural(runs, "run")}, changed its mind ${changes === 1 ? "once" : `${changes} times`}`;
  return part("History", make("div", {}, strip(history, model.outcomes[test]), ` ${words}`));
}

const needsQuotes = (text) => !/^[\w@%+=:,./-]+$/.test(text);
const quoted = (text) => (needsQuotes(text) ? `'${text.replaceAll("'", `'"'"'`)}'` : text);

/** Go to a cause; one of the many that are not drawn yet is at the end of the others. */
function showCause(cause) {
  const found = byId(`cause-${cause.id}`) ?? byId("causes").lastElementChild;
  if (found.matches("details")) found.open = true;
  found.scrollIntoView({ block: "start" });
}

/** Fill the panel with a test. `shut` closes it. */
function drawDetails(model, test, { open, shut, step }) {
  const { data } = model, letter = model.outcomes[test], panel = byId("details");
  const label = model.labels.get(test), before = data.attempts[test] ?? [];
  const problems = (data.problems[test] ?? []).map((each) => (each.cause === undefined ? each : data.causes[each.cause]));
  const causes = data.causes.filter((cause) => cause.tests.includes(test));
  const began = model.starts[test] >= 0 ? `${duration(model.starts[test] / 1000)} into the run` : "";
  const usual = model.usual.length && model.usual[test] >= 0 ? duration(model.usual[test] / TICKS_PER_S) : "";
  panel.hidden = false;
  fill(panel,
    make("div", { class: "top" },
      make("h2", { id: "details-title", tabindex: "-1" }, model.ids[test]),
      make("button", { type: "button", onclick: () => step(-1), "aria-label": "Previous test (k)", title: "k" }, "↑"),
      make("button", { type: "button", onclick: () => step(1), "aria-label": "Next test (j)", title: "j" }, "↓"),
      make("button", { type: "button", onclick: shut, "aria-label": "Close (Escape)", title: "Escape" }, "✕")),
    make("div", { class: "body" },
      facts([
        ["", make("span", { class: `outcome ${styleOf(letter)}` }, OUTCOMES[letter])], ["Took", letter === "n" ? "" : duration(secondsOf(model, test))], ["Usually", usual],
        ["Worker", model.workerNames[model.workers[test]]], ["Began", began], ["Tries", before.length ? String(before.length + 1) : ""],
      ]),
      label && make("p", {}, make("span", { class: `badge ${label}` }, label), causes.map((cause) => [" ", make("button", { type: "button", class: "plain", onclick: () => { shut(); showCause(cause); } }, `${cause.id} ${cause.title}${cause.tests.length > 1 ? `, ${plural(cause.tests.length, "test")}` : ""}`)])),
      model.reason(test) && part("Reason", make("div", {}, model.reason(test))),
      problems.map((each) => part(`In ${each.phase}: ${each.where}`, problem(each))),
      before.map((each, place) => folded(`Try ${place + 1}: ${OUTCOMES[each.outcome]} after ${duration(each.ticks / TICKS_PER_S)}`, () => make("div", {}, each.problems.map(problem)), place === 0)),
      (data.attached[test] ?? []).length > 0 && part("Attached", make("div", { class: "attached" }, data.attached[test].map(attachedOf))),
      phasesOf(model, test),
      historyOf(model, test),
      command(`handrail run ${quoted(model.ids[test])}`)));
  panel.scrollTop = 0;
}
