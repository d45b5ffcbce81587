import { api, attempt, badge, byId, el, filler, listen, time } from "../app.js";

const tabs = [...document.querySelectorAll("[data-status]")];
const asked = new URLSearchParams(location.search).get("status");
let status = tabs.some((tab) => tab.dataset.status === asked) ? asked : "open";

const button = (alert, wanted, word, kind) =>
  el("button", { type: "button", class: kind, onclick: (click) => reply(click.target, alert, wanted) }, word);

const card = (alert) =>
  el("li", { class: `card ${alert.severity}`, "data-alert": alert.id }, el("div", { class: "grow" },
    el("h3", {}, alert.title), el("p", { class: "muted" }, `${alert.zone}, `, time(alert.last_at, { withDay: true }),
      alert.count > 1 ? `, ${alert.count} events` : ""),
    el("span", { class: "badges" }, badge(alert.severity), badge(alert.status))),
    el("div", { class: "buttons" },
      alert.status === "open" ? button(alert, "acknowledge", "Acknowledge", "") : null,
      alert.status === "resolved" ? null : button(alert, "resolve", "Resolve", "primary")));

const fill = filler(() => api(`/api/alerts${status ? `?status=${status}` : ""}`), {
  "alert-panel"(alerts) {
    byId("alert-list").replaceChildren(...alerts.map(card));
    return alerts.length > 0;
  },
});

async function reply(pressed, alert, wanted) {
  const action = () => api(`/api/alerts/${alert.id}/${wanted}`, { method: "POST" });
  const answer = await attempt(pressed, action, wanted === "resolve" ? "Resolved." : "Acknowledged.");
  if (answer) fill({ quietly: true });
}

function choose(wanted) {
  status = wanted;
  for (const tab of tabs) tab.setAttribute("aria-pressed", tab.dataset.status === status);
}

for (const tab of tabs) {
  tab.addEventListener("click", () => {
    choose(tab.dataset.status);
    history.replaceState(null, "", status ? `?status=${status}` : "?");
    fill();
  });
}
choose(status);

await fill();
listen((told) => ["hello", "alert"].includes(told.type) && fill({ quietly: true }));
