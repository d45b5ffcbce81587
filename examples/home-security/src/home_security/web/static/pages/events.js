import { api, badge, byId, el, filler, listen, time, what } from "../app.js";

const LIMIT = 20;
let offset = 0;
const form = byId("filters");

function address() {
  const query = new URLSearchParams({ offset, limit: LIMIT });
  for (const [key, value] of new FormData(form)) if (value) query.set(key, value);
  return `/api/events?${query}`;
}

const row = (event) =>
  el("tr", {}, el("td", {}, time(event.at, { withDay: true })), el("td", {}, badge(what(event.kind), event.kind)),
    el("td", {}, event.zone), el("td", {}, event.entity ?? "–"),
    el("td", {}, `${Math.round(event.confidence * 100)} %`), el("td", {}, event.note));

const fill = filler(() => api(address()), {
  "event-panel"(page) {
    byId("event-rows").replaceChildren(...page.items.map(row));
    byId("range").textContent = `${page.offset + 1} to ${page.offset + page.items.length} of ${page.total}`;
    byId("newer").disabled = page.offset === 0;
    byId("older").disabled = page.offset + page.items.length >= page.total;
    return page.items.length > 0;
  },
});

function from(start) {
  offset = Math.max(0, start);
  fill();
}

form.addEventListener("submit", (submission) => {
  submission.preventDefault();
  from(0);
});
form.addEventListener("reset", () => setTimeout(() => from(0)));
byId("newer").addEventListener("click", () => from(offset - LIMIT));
byId("older").addEventListener("click", () => from(offset + LIMIT));

try {
  const zones = await api("/api/zones");
  byId("zone").append(...zones.map((zone) => el("option", { value: zone.id }, zone.name)));
} catch {
  byId("zone").disabled = true; // the table says what is wrong
}
await fill();
listen((told) => {
  const isOnTop = told.type === "event" && offset === 0;
  return isOnTop || told.type === "hello" ? fill({ quietly: true }) : undefined;
});
