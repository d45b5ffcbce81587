// What each worker did, and when: drawn on a canvas, a test at a time or a pixel at a time.

const LANE = 22, GAP = 6, AXIS = 22, LEFT = 64;

/** The tests of each worker in the order in which it ran them. */
function lanesOf(model) {
  const lanes = new Map();
  for (let test = 0; test < model.count; test += 1) {
    if (model.starts[test] < 0 || model.outcomes[test] === "n") continue;
    const worker = model.workers[test];
    if (!lanes.has(worker)) lanes.set(worker, []);
    lanes.get(worker).push(test);
  }
  const named = [...lanes].map(([worker, tests]) => ({
    name: model.workerNames[worker] || "main",
    tests: Int32Array.from(tests).sort((a, b) => model.starts[a] - model.starts[b]),
    busy: tests.reduce((sum, test) => sum + secondsOf(model, test), 0),
  }));
  return named.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** Steps of an axis that people like: about so many in so many seconds. */
function stepOf(seconds, count) {
  const rough = seconds / count, power = 10 ** Math.floor(Math.log10(rough));
  if (rough >= 60) return [60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400].find((each) => each >= rough) ?? 28800;
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
}

/** The place of the last test that began at or before a moment; -1 before the first. */
function placeAt(model, tests, ms) {
  let low = 0, high = tests.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (model.starts[tests[middle]] <= ms) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function drawTimeline(model, open) {
  const lanes = lanesOf(model), section = byId("timeline");
  section.hidden = lanes.length === 0;
  if (!lanes.length) return () => {};
  const first = lanes.reduce((least, lane) => Math.min(least, model.starts[lane.tests[0]]), Infinity);
  const whole = { from: 0, to: Math.max(model.run.elapsed_s * 1000, 1) };
  let seen = { ...whole }, dragged = null, colours = {}, wide = 1;
  const canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": spoken(lanes, model) });
  const height = lanes.length * (LANE + GAP) + GAP + AXIS;
  canvas.style.height = `${height}px`;

  const width = () => Math.max(1, wide - LEFT - 8);
  const xOf = (ms) => LEFT + ((ms - seen.from) / (seen.to - seen.from)) * width();
  const msAt = (x) => seen.from + ((x - LEFT) / width()) * (seen.to - seen.from);

  function draw() {
    wide = canvas.clientWidth;
    const scale = devicePixelRatio || 1, pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(Object.keys(OUTCOMES).map((letter) => [letter, style.getPropertyValue(letter === "q" ? "--xpassed" : `--${styleOf(letter)}`).trim()]));
    canvas.width = wide * scale;
    canvas.height = height * scale;
    pen.scale(scale, scale);
    pen.font = "11px system-ui, sans-serif";
    drawAxis(pen, style);
    drawBeginning(pen, style);
    lanes.forEach((lane, number) => drawLane(pen, lane, number, style));
    if (dragged && Math.abs(dragged.to - dragged.from) > 3) {
      pen.fillStyle = style.getPropertyValue("--focus");
      pen.globalAlpha = 0.2;
      pen.fillRect(Math.min(dragged.from, dragged.to), 0, Math.abs(dragged.to - dragged.from), height - AXIS);
      pen.globalAlpha = 1;
    }
  }

  function drawAxis(pen, style) {
    const step = stepOf((seen.to - seen.from) / 1000, Math.max(2, width() / 90)) * 1000;
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.fillStyle = style.getPropertyValue("--muted");
    pen.textAlign = "center";
    for (let ms = Math.ceil(seen.from / step) * step; ms <= seen.to; ms += step) {
      pen.beginPath();
      pen.moveTo(xOf(ms), 0);
      pen.lineTo(xOf(ms), height - AXIS);
      pen.stroke();
      pen.fillText(ms && ms < 60000 && step >= 1000 ? `${Math.round(ms / 1000)} s` : duration(ms / 1000), Math.min(xOf(ms), wide - 24), height - 7);
    }
  }

  /** What went before the first test: starting, imports, collection. */
  function drawBeginning(pen, style) {
    const from = Math.max(LEFT, xOf(0)), to = Math.min(wide - 8, xOf(first));
    if (to - from < 90) return;
    pen.fillStyle = style.getPropertyValue("--line");
    pen.fillRect(from, GAP, to - from - 2, height - AXIS - 2 * GAP);
    pen.fillStyle = style.getPropertyValue("--muted");
    pen.textAlign = "center";
    pen.fillText("start, collection", (from + to) / 2, (height - AXIS) / 2 + 4, to - from - 8);
  }

  /** The bad ones last, and at least two pixels wide, so that none is hidden. */
  function drawLane(pen, lane, number, style) {
    const top = GAP + number * (LANE + GAP);
    pen.fillStyle = style.getPropertyValue("--text");
    pen.textAlign = "left";
    pen.fillText(lane.name, 8, top + LANE / 2 + 4, LEFT - 14);
    const bad = [];
    let filled = -1, ground = style.getPropertyValue("--sheet");
    for (let place = Math.max(0, placeAt(model, lane.tests, seen.from)); place < lane.tests.length; place += 1) {
      const test = lane.tests[place], start = model.starts[test];
      if (start > seen.to) break;
      const from = Math.max(LEFT, xOf(start)), to = Math.min(wide - 8, xOf(start + model.ticks[test] / 10));
      if (to < LEFT) continue;
      if (needsLook(model, test)) bad.push([test, from, to]);
      else if (to > filled) { drawTest(pen, test, from, to, top, ground); filled = Math.max(to, Math.floor(from) + 1); }
    }
    bad.forEach(([test, from, to]) => drawTest(pen, test, Math.floor(from), Math.max(to, Math.floor(from) + 2), top, ground));
  }

  /** One test: at least a pixel wide; with its name where there is room. */
  function drawTest(pen, test, from, to, top, ground) {
    const span = to - from;
    pen.fillStyle = colours[model.outcomes[test]];
    pen.globalAlpha = needsLook(model, test) || span < 3 ? 1 : 0.75;
    pen.fillRect(span < 1 ? Math.floor(from) : from, top, Math.max(1, span > 3 ? span - 1 : span), LANE);
    pen.globalAlpha = 1;
    if (span <= 60) return;
    pen.fillStyle = ground;
    pen.save();
    pen.beginPath();
    pen.rect(from, top, span - 4, LANE);
    pen.clip();
    pen.fillText(model.names[test] || model.ids[test], from + 5, top + LANE / 2 + 4);
    pen.restore();
  }

  /** The test under the pointer; -1 if there is none. */
  function testAt(event) {
    const box = canvas.getBoundingClientRect();
    const lane = lanes[Math.floor((event.clientY - box.top - GAP / 2) / (LANE + GAP))];
    if (!lane || event.clientX - box.left < LEFT) return -1;
    const ms = msAt(event.clientX - box.left), slack = (2 * (seen.to - seen.from)) / width();
    const place = placeAt(model, lane.tests, ms + slack);
    if (place < 0) return -1;
    const test = lane.tests[place];
    return ms <= model.starts[test] + model.ticks[test] / 10 + slack ? test : -1;
  }

  function see(from, to) {
    const least = 5, span = Math.min(Math.max(to - from, least), whole.to);
    const start = Math.max(0, Math.min(from, whole.to - span));
    seen = { from: start, to: start + span };
    draw();
  }
  const zoom = (factor, at = (seen.from + seen.to) / 2) => see(at - (at - seen.from) * factor, at + (seen.to - at) * factor);
  const slide = (share) => see(seen.from + share * (seen.to - seen.from), seen.to + share * (seen.to - seen.from));
  const reset = () => see(whole.from, whole.to);

  canvas.addEventListener("pointermove", (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    if (dragged) { dragged.to = Math.max(LEFT, x); tip(event); draw(); return; }
    const test = testAt(event);
    if (test < 0) { tip(event); return; }
    tip(event, make("div", { class: "mono" }, model.ids[test]), make("div", {}, `${OUTCOMES[model.outcomes[test]]}, ${duration(secondsOf(model, test))}, ${duration(model.starts[test] / 1000)} into the run`));
  });
  canvas.addEventListener("pointerleave", (event) => tip(event));
  canvas.addEventListener("pointerdown", (event) => {
    const x = Math.max(LEFT, event.clientX - canvas.getBoundingClientRect().left);
    dragged = { from: x, to: x };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    const drag = dragged;
    dragged = null;
    if (!drag) return;
    if (Math.abs(drag.to - drag.from) > 6) see(...[msAt(drag.from), msAt(drag.to)].sort((a, b) => a - b));
    else if (testAt(event) >= 0) open(testAt(event));
    draw();
  });
  canvas.addEventListener("dblclick", reset);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, msAt(event.clientX - canvas.getBoundingClientRect().left));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const act = { "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1.6), 0: reset, ArrowLeft: () => slide(-0.25), ArrowRight: () => slide(0.25) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  new ResizeObserver(draw).observe(canvas);

  const button = (text, title, act) => make("button", { type: "button", title, "aria-label": title, onclick: act }, text);
  const used = [...new Set(model.outcomes)].sort((a, b) => ORDERS[a] - ORDERS[b]).filter((letter) => letter !== "n");
  fill(section,
    heading("timeline-title", "Timeline", `${plural(lanes.length, "worker")}, busy ${busyShare(lanes, model)} of the run; drag or Ctrl and wheel to zoom`,
      button("+", "Zoom in", () => zoom(0.6)), button("−", "Zoom out", () => zoom(1.6)), button("All", "The whole run", reset)),
    canvas,
    make("div", { class: "legend" }, used.map((letter) => make("span", { class: styleOf(letter) }, OUTCOMES[letter]))));
  return draw;
}

const busyShare = (lanes, model) => {
  const busy = lanes.reduce((sum, lane) => sum + lane.busy, 0) / (lanes.length * (model.run.elapsed_s || 1));
  return `${Math.min(100, Math.round(100 * busy))} %`;
};

/** The picture in words. */
const spoken = (lanes, model) =>
  `Timeline of ${plural(lanes.length, "worker")} over ${duration(model.run.elapsed_s)}. ` +
  lanes.slice(0, 16).map((lane) => `${lane.name}: ${plural(lane.tests.length, "test")}, busy for ${duration(lane.busy)}`).join("; ");
