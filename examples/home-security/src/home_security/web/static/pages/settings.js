import { api, attempt, badge, byId, complain, el, filler, listen, toast } from "../app.js";

const FIELDS = ["name", "notify_email", "retention_days", "exit_delay_s", "quiet_from", "quiet_until"];
const form = byId("settings");

const fillSettings = filler(() => api("/api/settings"), {
  "settings-panel"(settings) {
    for (const field of FIELDS) byId(field).value = (settings[field] ?? "").toString().replace(/^(\d\d:\d\d):00$/, "$1");
  },
});

const when = (modes) => (modes.length === 3 ? "always" : `when ${modes.join(" or ")}`);

const rule = (each) => {
  const id = `rule-${each.id}`;
  const box = el("input", { type: "checkbox", id, role: "switch", checked: each.is_enabled, onchange: (change) => toggle(change.target, each) });
  return el("li", { class: "rule" }, el("label", { for: id, class: "grow" }, el("strong", {}, each.name),
    el("span", { class: "muted" }, ` on ${each.event_kind}, ${when(each.modes)}`)), badge(each.severity), box);
};

const fillRules = filler(() => api("/api/rules"), {
  "rules-panel"(rules) {
    byId("rule-list").replaceChildren(...rules.map(rule));
    return rules.length > 0;
  },
});

async function toggle(box, each) {
  const body = { is_enabled: box.checked };
  const action = () => api(`/api/rules/${each.id}`, { method: "PATCH", body });
  const answer = await attempt(box, action, `${each.name} is ${box.checked ? "on" : "off"} now.`);
  box.checked = answer ? answer.is_enabled : !box.checked;
}

function problems() {
  const found = {};
  const number = (id) => (byId(id).value === "" ? NaN : Number(byId(id).value));
  const isWhole = (id, low, high) => Number.isInteger(number(id)) && number(id) >= low && number(id) <= high;
  if (!byId("name").value.trim()) found.name = "Give a name.";
  if (byId("notify_email").value && !byId("notify_email").checkValidity()) found.notify_email = "This is no e-mail address.";
  if (!isWhole("retention_days", 1, 365)) found.retention_days = "A whole number from 1 to 365.";
  if (!isWhole("exit_delay_s", 0, 300)) found.exit_delay_s = "A whole number from 0 to 300.";
  if (Boolean(byId("quiet_from").value) !== Boolean(byId("quiet_until").value)) {
    found[byId("quiet_from").value ? "quiet_until" : "quiet_from"] = "Quiet hours need both ends.";
  }
  return found;
}

form.addEventListener("submit", async (submission) => {
  submission.preventDefault();
  if (!complain(form, problems())) {
    toast("Not saved: see the fields in red.", "bad");
    return;
  }
  const body = Object.fromEntries(FIELDS.map((field) => [field, byId(field).value.trim() || null]));
  body.retention_days = Number(body.retention_days);
  body.exit_delay_s = Number(body.exit_delay_s);
  await attempt(submission.submitter, () => api("/api/settings", { method: "PUT", body }), "Saved.");
});

await Promise.all([fillSettings(), fillRules()]);
listen(() => {});
