// What all pages share: asking the API, the four states of a panel, building elements.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const words = (detail) =>
  Array.isArray(detail)
    ? detail.map((each) => `${each.loc.slice(1).join(".") || "form"}: ${each.msg}`).join("; ")
    : detail;

export async function api(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError("The system cannot be reached.", 0);
  }
  if (response.status === 204) return null;
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    throw new ApiError(`The system gave an answer that is none (${response.status}).`, response.status);
  }
  if (response.ok) return answer;
  throw new ApiError(words(answer.detail) || `The system failed (${response.status}).`, response.status);
}

// el("li", {class: "x", onclick: f}, "text", child): text is only ever text, never markup.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function setState(panel, state, message = "") {
  panel.dataset.state = state;
  panel.setAttribute("aria-busy", state === "loading");
  if (state === "error") panel.querySelector(".error-line").textContent = message;
}

// Fill panels from one answer: each part has a panel, and a way to fill it that says if it is empty.
// A later call wins over an earlier one whose answer comes late.
export function filler(ask, parts) {
  const panels = Object.keys(parts).map(byId);
  let latest = 0;
  let answered = 0;
  async function fill({ quietly = false } = {}) {
    const mine = ++latest;
    if (!quietly) panels.forEach((panel) => setState(panel, "loading"));
    try {
      const answer = await ask();
      if (mine !== latest) return;
      for (const [id, show] of Object.entries(parts)) {
        setState(byId(id), show(answer) === false ? "empty" : "ready");
      }
    } catch (error) {
      if (mine !== latest) return;
      if (!(error instanceof ApiError)) console.error(error);
      const text = error instanceof ApiError ? error.message : "The answer was not understood.";
      panels.forEach((panel) => setState(panel, "error", text));
    } finally {
      answered = Math.max(answered, mine);
    }
  }
  fill.isAsking = () => answered < latest;
  panels.forEach((panel) => panel.querySelector(".retry").addEventListener("click", () => fill()));
  return fill;
}

export function toast(text, kind = "good") {
  const note = el("p", { class: `toast ${kind}` }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

// Run what a button does; while it runs the button cannot be pressed again.
export async function attempt(button, action, done) {
  button.disabled = true;
  try {
    const answer = await action();
    if (done) toast(done);
    return answer;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, "bad");
    return undefined;
  } finally {
    button.disabled = false;
  }
}

// A note under a field; the first wrong field gets the focus.
export function complain(form, problems) {
  for (const input of form.querySelectorAll("input")) {
    const note = byId(input.getAttribute("aria-describedby"));
    if (!note) continue;
    note.dataset.hint ??= note.textContent;
    const problem = problems[input.id];
    input.setAttribute("aria-invalid", Boolean(problem));
    note.textContent = problem ?? note.dataset.hint;
    note.classList.toggle("bad", Boolean(problem));
  }
  const first = Object.keys(problems)[0];
  if (first) byId(first).focus();
  return first === undefined;
}

export function bars(target, counts, label) {
  const top = Math.max(1, ...counts);
  const width = 100 / counts.length;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  counts.forEach((count, index) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = count ? Math.max(2, (count / top) * 29) : 0.6;
    bar.setAttribute("x", index * width + width * 0.14);
    bar.setAttribute("width", width * 0.72);
    bar.setAttribute("y", 30 - height);
    bar.setAttribute("height", height);
    bar.classList.toggle("none", count === 0);
    svg.append(bar);
  });
  target.replaceChildren(svg);
  target.setAttribute("aria-label", label);
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const full = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});

export function time(at, { withDay = false } = {}) {
  return el("time", { datetime: at, title: `${at} (UTC)` }, (withDay ? full : clock).format(new Date(at)));
}

export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
};

export const badge = (text, kind) => el("span", { class: `badge ${kind ?? text}` }, text);

const WHAT = {
  motion: "Motion", opened: "Opened", closed: "Closed", person: "Person",
  vehicle: "Vehicle", smoke: "Smoke", leak: "Water leak", tamper: "Tampering",
};
export const what = (kind) => WHAT[kind] ?? kind;

// Live messages. What a page returns for the hello is waited for: live means that nothing is missed.
// It comes back by itself, later each time, at most every 10 s.
export function listen(onMessage) {
  const shown = byId("live");
  const show = (state, word) => {
    shown.dataset.live = state;
    shown.textContent = word;
  };
  let pause = 250;
  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    socket.addEventListener("message", async (message) => {
      let told;
      try {
        told = JSON.parse(message.data);
      } catch {
        return; // not for us
      }
      const done = onMessage(told);
      if (told.type !== "hello") return;
      pause = 250;
      await done;
      if (socket.readyState === WebSocket.OPEN) show("on", "live");
    });
    socket.addEventListener("close", () => {
      show("off", "reconnecting");
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, 10_000);
    });
  }
  connect();
}

function themes() {
  const button = byId("theme");
  const isDark = () =>
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", isDark());
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
    show();
  });
  show();
}
themes();
