import { api, badge, byId, el, filler, listen, time } from "../app.js";

const chosen = byId("action");

const row = (entry) =>
  el("tr", {}, el("td", {}, time(entry.at, { withDay: true })), el("td", {}, entry.actor),
    el("td", {}, badge(entry.action, entry.action.endsWith("refused") ? "high" : "kind")), el("td", {}, entry.target));

const fill = filler(() => api(`/api/audit${chosen.value ? `?action=${chosen.value}` : ""}`), {
  "audit-panel"(entries) {
    byId("audit-rows").replaceChildren(...entries.map(row));
    return entries.length > 0;
  },
});

chosen.addEventListener("change", () => fill());
byId("filters").addEventListener("submit", (submission) => submission.preventDefault());

await fill();
listen((told) => ["hello", "mode", "alert"].includes(told.type) && fill({ quietly: true }));
