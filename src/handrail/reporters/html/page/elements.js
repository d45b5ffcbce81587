// Elements and words. Text is only ever put in as text.

/** An element: `make("p", { class: "muted" }, "text", child)`. Keys with on... are listeners. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

/** Children as they may be written: lists in lists, and nothing where there is nothing. */
const present = (children) => children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false && each !== "");

const byId = (id) => document.getElementById(id);

/** Put these in place of whatever the element holds. */
function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

/** The heading of a section, with what stands beside it. */
const heading = (id, text, beside = "", ...right) =>
  make("div", { class: "head" },
    make("h2", { id, tabindex: "-1" }, text),
    beside && make("span", { class: "muted" }, beside),
    right.length ? make("div", { class: "right" }, right) : null);

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** Seconds as people say them: 4 ms, 1.2 s, 3m 41s, 2h 05m. */
function duration(seconds) {
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** Bytes as people say them. */
function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** Terms and what they mean; those without a meaning are left out. */
const facts = (pairs) =>
  make("dl", { class: "facts" },
    pairs.filter(([, value]) => value).map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))));

/** Say something to a screen reader. */
function say(text) {
  byId("said").textContent = text;
}

/** A command that can be copied. */
function command(text) {
  const button = make("button", { type: "button", "aria-label": `Copy: ${text}` }, "Copy");
  button.addEventListener("click", async () => {
    const isCopied = await copy(text);
    button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
    say(button.textContent);
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return make("div", { class: "command" }, make("code", {}, text), button);
}

/** Whether the text is in the clipboard now; a page in a file may have to do it the old way. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { class: "unseen", readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}

/** Show a tip beside the pointer; nothing hides it. */
function tip(event, ...children) {
  const element = byId("tip");
  element.hidden = !children.length;
  if (!children.length) return;
  fill(element, ...children);
  const { width, height } = element.getBoundingClientRect();
  element.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  element.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
}
