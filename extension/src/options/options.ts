/** The options page. Each choice is kept as soon as it is made; the server's when it is tested. */

import { CARD_CSS, scoreCard } from "../content/card";
import { byId } from "../shared/elements";
import { translate, words as wordsOf, type Words } from "../shared/i18n";
import type { Request } from "../shared/messages";
import { EVERYWHERE } from "../shared/permissions";
import { sampleCss } from "../shared/samples";
import { MIN_WORDS, type Score } from "../shared/score";
import {
  DEFAULTS,
  isExposed,
  loadSettings,
  originPattern,
  saveSettings,
  serverAddress,
  siteNamed,
  withSite,
  type Language,
  type Settings,
  type Style,
} from "../shared/settings";
import type { State } from "../shared/state";
import { stateAdvice, stateTitle } from "../shared/wording";

/** What the tooltip of the preview shows. */
const SAMPLE: Score = {
  verdict: "ai",
  probability: 0.96,
  words: 84,
  coverage: 1,
  sentences: [],
  findings: [],
};

const server = byId("server", HTMLInputElement);
const token = byId("token", HTMLInputElement);
const language = byId("language", HTMLSelectElement);
const result = byId("result", HTMLElement);

let settings: Settings;
let words: Words;

function radios(name: string): NodeListOf<HTMLInputElement> {
  return document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`);
}

function tell(kind: "ok" | "trouble" | "working", text: string): void {
  result.dataset.kind = kind;
  result.textContent = text;
}

function warnOfExposure(): void {
  const address = serverAddress(server.value);
  byId("exposed", HTMLElement).hidden = address === null || !isExposed(address);
}

async function saveAndTest(): Promise<void> {
  const address = serverAddress(server.value);
  if (address === null) {
    tell("trouble", words.say("badAddress", DEFAULTS.server));
    server.focus();
    return;
  }
  // Asked before anything else: a browser wants to see the click that led here.
  const granted = await chrome.permissions.request({ origins: [originPattern(address)] });
  if (!granted) {
    tell("trouble", words.say("serverDenied", address));
    return;
  }
  server.value = address;
  await saveSettings({ server: address, token: token.value.trim() });
  tell("working", words.say("testing"));
  const request: Request = { kind: "test", server: address, token: token.value.trim() };
  const state = await chrome.runtime.sendMessage<Request, State>(request);
  if (state.server) {
    const { version, model, minWords } = state.server;
    tell("ok", words.say("testOk", version, model, minWords));
  } else {
    tell("trouble", `${stateTitle(state, words)}. ${stateAdvice(state, words)}`);
  }
}

async function choose(automatic: boolean): Promise<void> {
  const granted = !automatic || (await chrome.permissions.request({ origins: EVERYWHERE }));
  byId("automatic-denied", HTMLElement).hidden = granted;
  await saveSettings({ automatic: automatic && granted });
  show();
}

function listSites(id: string, key: "sitesOn" | "sitesOff"): void {
  const list = byId(id, HTMLElement);
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  const items = settings[key].map((site) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = site;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "×";
    button.ariaLabel = words.say("remove", site);
    button.addEventListener("click", () => {
      void saveSettings({ [key]: settings[key].filter((other) => other !== site) });
    });
    item.append(name, button);
    return item;
  });
  if (items.length === 0) {
    const none = document.createElement("li");
    none.className = "hint";
    none.textContent = words.say("sitesNone");
    items.push(none);
  }
  list.replaceChildren(...items);
  if (focused < 0) return;
  // Whoever took one from the list goes on at the next, or where the list ends.
  const buttons = list.querySelectorAll("button");
  (buttons[Math.min(focused, buttons.length - 1)] ?? byId("off-site", HTMLInputElement)).focus();
}

async function leaveOut(): Promise<void> {
  const field = byId("off-site", HTMLInputElement);
  const site = siteNamed(field.value);
  byId("off-result", HTMLElement).textContent = site === null ? words.say("badSite") : "";
  if (site === null) return;
  field.value = "";
  await saveSettings(withSite(settings, site, false));
}

function fill(): void {
  server.value = settings.server;
  token.value = settings.token;
  warnOfExposure();
}

function show(): void {
  words = wordsOf(settings.language);
  translate(words);
  document.title = words.say("optionsTitle");
  language.value = settings.language;
  for (const radio of radios("automatic")) {
    radio.checked = (radio.value === "automatic") === settings.automatic;
  }
  for (const radio of radios("style")) radio.checked = radio.value === settings.style;
  listSites("sites-on", "sitesOn");
  listSites("sites-off", "sitesOff");
  byId("card", HTMLElement).replaceChildren(scoreCard(SAMPLE, MIN_WORDS, words));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CARD_CSS + sampleCss(settings.style, "#preview"));
  document.adoptedStyleSheets = [sheet];
}

async function open(): Promise<void> {
  settings = await loadSettings();
  fill();
  show();
  chrome.storage.local.onChanged.addListener(
    () =>
      void loadSettings().then((loaded) => {
        const moved = loaded.server !== settings.server || loaded.token !== settings.token;
        settings = loaded;
        if (moved) fill();
        show();
      }),
  );
  server.addEventListener("input", warnOfExposure);
  byId("server-form", HTMLElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void saveAndTest();
  });
  byId("off-form", HTMLElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void leaveOut();
  });
  for (const radio of radios("automatic")) {
    radio.addEventListener("change", () => void choose(radio.value === "automatic"));
  }
  for (const radio of radios("style")) {
    radio.addEventListener("change", () => void saveSettings({ style: radio.value as Style }));
  }
  language.addEventListener("change", () => {
    void saveSettings({ language: language.value as Language });
  });
}

void open();
