import { api, attempt, badge, byId, complain, el, filler, icon, listen, time } from "../app.js";

const card = (entity) =>
  el("li", { class: "card", "data-entity": entity.id }, icon(entity.kind), el("div", { class: "grow" },
    el("h3", {}, entity.name), el("p", { class: "muted" }, entity.note || "No note."),
    el("p", { class: "muted" }, entity.last_seen_at ? "last seen " : "never seen", entity.last_seen_at ? time(entity.last_seen_at, { withDay: true }) : ""),
    el("span", { class: "badges" }, badge(entity.kind, "kind"), entity.is_trusted ? badge("trusted", "good") : badge("not trusted", "warning"))),
    el("div", { class: "buttons" },
      el("button", { type: "button", onclick: (click) => trust(click.target, entity) }, entity.is_trusted ? "Distrust" : "Trust"),
      el("button", { type: "button", class: "danger", onclick: (click) => forget(click.target, entity) }, "Forget")));

const fill = filler(() => api("/api/entities"), {
  "entity-panel"(entities) {
    byId("entity-list").replaceChildren(...entities.map(card));
    return entities.length > 0;
  },
});

async function trust(pressed, entity) {
  const body = { is_trusted: !entity.is_trusted };
  const action = () => api(`/api/entities/${entity.id}`, { method: "PATCH", body });
  if (await attempt(pressed, action, `${entity.name} is ${body.is_trusted ? "" : "not "}trusted now.`)) fill({ quietly: true });
}

async function forget(pressed, entity) {
  if (!confirm(`Forget ${entity.name}?`)) return;
  const action = () => api(`/api/entities/${entity.id}`, { method: "DELETE" });
  if ((await attempt(pressed, action, `${entity.name} is forgotten.`)) === null) fill({ quietly: true });
}

byId("add").addEventListener("submit", async (submission) => {
  submission.preventDefault();
  const form = submission.target;
  const name = byId("name").value.trim();
  if (!complain(form, name ? {} : { name: "Give a name." })) return;
  const body = { name, kind: byId("kind").value, note: byId("note").value, is_trusted: byId("is_trusted").checked };
  const action = () => api("/api/entities", { method: "POST", body });
  if (!(await attempt(submission.submitter, action, `${name} is known now.`))) return;
  form.reset();
  fill({ quietly: true });
});

await fill();
listen(() => {});
