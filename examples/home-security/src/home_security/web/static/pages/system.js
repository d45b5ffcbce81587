import { api, badge, byId, el, filler, icon, listen } from "../app.js";

const WORDS = { good: "All systems good", degraded: "Something needs attention", down: "A backend does not answer" };
const ms = (value) => (value === null ? "no answer" : `${value} ms`);

const sensor = (each) =>
  el("tr", {}, el("td", {}, each.name), el("td", {}, each.zone),
    el("td", {}, each.is_online ? badge(each.is_open ? "open" : "online", each.is_open ? "warning" : "good") : badge("offline", "off")),
    el("td", {}, el("meter", { min: 0, max: 100, low: 21, value: each.battery_percent, "aria-label": `Battery of ${each.name}` }), ` ${each.battery_percent} %`));

const camera = (each) =>
  el("li", {}, el("span", { class: "lens", "aria-hidden": "true" }, icon("camera")), el("strong", {}, each.name),
    el("span", { class: "muted" }, `${each.zone}, ${each.width}×${each.height}`),
    el("span", { class: "badges" }, each.is_online ? badge("online", "good") : badge("offline", "off")));

const fill = filler(() => api("/api/system"), {
  health(system) {
    byId("health-word").textContent = WORDS[system.health];
    byId("health-word").dataset.health = system.health;
    byId("database-ms").textContent = ms(system.database_ms);
    byId("redis-ms").textContent = ms(system.redis_ms);
    byId("listeners").textContent = system.listeners;
    byId("version").textContent = system.version;
  },
  concerns(system) {
    byId("concern-list").replaceChildren(...system.concerns.map((line) => el("li", {}, icon("alerts"), ` ${line}`)));
    return system.concerns.length > 0;
  },
  sensors(system) {
    byId("sensor-rows").replaceChildren(...system.sensors.map(sensor));
    return system.sensors.length > 0;
  },
  cameras(system) {
    byId("camera-list").replaceChildren(...system.cameras.map(camera));
    return system.cameras.length > 0;
  },
});

await fill();
listen((told) => ["hello", "event"].includes(told.type) && fill({ quietly: true }));
