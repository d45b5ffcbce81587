import { api, bars, byId, el, filler, icon, listen, time, what } from "../app.js";

const chosen = byId("day");
const today = () => new Date().toISOString().slice(0, 10);
chosen.value = new URLSearchParams(location.search).get("day") ?? today();

const hour = ({ hour, count, events }) =>
  el("li", {}, el("h3", {}, `${String(hour).padStart(2, "0")}:00`, el("span", { class: "muted" }, ` ${count}`)),
    el("ol", { class: "feed" }, ...events.map((event) =>
      el("li", {}, icon(event.kind), el("span", { class: "grow" }, el("strong", {}, what(event.kind)), ` ${event.zone}`),
        time(event.at)))));

const fill = filler(() => api(`/api/timeline?day=${chosen.value}`), {
  "day-panel"(day) {
    byId("day-panel-title").textContent = day.day;
    const most = day.busiest_hour === null ? "" : `, most between ${day.busiest_hour}:00 and ${day.busiest_hour + 1}:00`;
    byId("day-summary").textContent = `${day.total} ${day.total === 1 ? "event" : "events"}${most}`;
    bars(byId("day-bars"), day.per_hour, byId("day-summary").textContent);
    byId("hour-list").replaceChildren(...day.hours.map(hour));
    return day.total > 0;
  },
});

function show(day) {
  chosen.value = day;
  history.replaceState(null, "", `?day=${day}`);
  fill();
}

function step(days) {
  const day = new Date(`${chosen.value || today()}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  show(day.toISOString().slice(0, 10));
}

byId("day-form").addEventListener("submit", (submission) => submission.preventDefault());
byId("day-before").addEventListener("click", () => step(-1));
byId("day-after").addEventListener("click", () => step(1));
chosen.addEventListener("change", () => chosen.value && show(chosen.value));

await fill();
listen((told) => {
  const isToday = told.type === "event" && chosen.value === today();
  return isToday || told.type === "hello" ? fill({ quietly: true }) : undefined;
});
