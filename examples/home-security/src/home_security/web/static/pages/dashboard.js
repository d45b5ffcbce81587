import { api, attempt, badge, bars, byId, el, filler, icon, listen, setState, time, what } from "../app.js";

const MODES = { disarmed: "Disarmed", home: "Armed, at home", away: "Armed, away" };
const KEPT = 8;
let newest = 0; // the event that was shown last: what the answer had is not shown twice

function showMode(mode) {
  byId("mode").dataset.mode = mode;
  byId("mode-word").textContent = MODES[mode];
  const current = { disarmed: "disarm", home: "arm_home", away: "arm_away" }[mode];
  for (const button of byId("arming").querySelectorAll("button")) button.disabled = button.value === current;
}

const entry = (event, isNew = false) =>
  el("li", { class: isNew ? "new" : "" }, icon(event.kind), el("span", { class: "grow" },
    el("strong", {}, what(event.kind)), ` ${event.zone}${event.entity ? `, ${event.entity}` : ""}`), time(event.at));

const tile = (zone) =>
  el("li", { class: zone.alerts ? "alarmed" : "" }, el("strong", {}, zone.name), el("span", { class: "muted" }, zone.kind),
    el("span", { class: "badges" },
      zone.alerts ? badge(`${zone.alerts} ${zone.alerts === 1 ? "alert" : "alerts"}`, "high") : null,
      zone.open_contacts ? badge(`${zone.open_contacts} open`, "warning") : null,
      zone.offline ? badge(`${zone.offline} offline`, "off") : null,
      zone.alerts || zone.open_contacts || zone.offline ? null : badge("all well", "good")));

const fill = filler(() => api("/api/overview"), {
  guard(home) {
    byId("home-name").textContent = home.name;
    showMode(home.mode);
  },
  figures(home) {
    const total = home.per_hour.reduce((sum, count) => sum + count, 0);
    byId("open-alerts").textContent = home.open_alerts;
    byId("worst").replaceChildren(home.worst ? badge(home.worst) : "none");
    byId("day-count").textContent = total;
    bars(byId("per-hour"), home.per_hour, `${total} events in the last 24 hours`);
  },
  zones(home) {
    byId("zone-list").replaceChildren(...home.zones.map(tile));
    return home.zones.length > 0;
  },
  feed(home) {
    newest = Math.max(0, ...home.recent.map((event) => event.id));
    byId("feed-list").replaceChildren(...home.recent.map((event) => entry(event)));
    return home.recent.length > 0;
  },
});

byId("arming").addEventListener("submit", async (submission) => {
  submission.preventDefault();
  const pin = byId("pin");
  const body = { command: submission.submitter.value, pin: pin.value || null };
  pin.value = ""; // now: by the time of the answer somebody may be typing the next one
  const answer = await attempt(submission.submitter, () => api("/api/arming", { method: "POST", body }));
  if (answer) showMode(answer.mode);
});

function showEvent(event) {
  if (event.id <= newest) return;
  newest = event.id;
  const list = byId("feed-list");
  list.prepend(entry(event, true));
  while (list.children.length > KEPT) list.lastChild.remove();
  setState(byId("feed"), "ready");
  byId("day-count").textContent = Number(byId("day-count").textContent) + 1;
}

await fill();
listen((told) => {
  if (told.type === "mode") showMode(told.data.mode);
  if (told.type === "event" && !fill.isAsking()) return showEvent(told.data);
  if (told.type === "mode") return undefined;
  return fill({ quietly: true }); // also where an answer is under way: it may be too old
});
