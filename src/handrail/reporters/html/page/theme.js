// Light or dark: as the system has it, until somebody presses the switch.

const KEY = "handrail-theme", THEMES = ["auto", "light", "dark"];
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };

/** What was chosen before; a browser may refuse to keep anything. */
function remembered() {
  try { return THEMES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "auto"; } catch { return "auto"; }
}

function remember(theme) {
  try { localStorage.setItem(KEY, theme); } catch { /* then it holds until the page is closed */ }
}

/** Make the switch work; `changed` is called when colours are other ones. Returns the switch. */
function startTheme(changed) {
  const system = matchMedia("(prefers-color-scheme: dark)"), button = byId("theme");
  let theme = remembered();
  const use = () => {
    document.documentElement.dataset.theme = theme === "auto" ? (system.matches ? "dark" : "light") : theme;
    button.textContent = SIGNS[theme];
    button.setAttribute("aria-label", `Colours: ${theme}`);
  };
  const next = () => { theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]; remember(theme); use(); changed(); say(`Colours: ${theme}`); };
  button.addEventListener("click", next);
  system.addEventListener("change", () => { use(); changed(); });
  use();
  return next;
}
