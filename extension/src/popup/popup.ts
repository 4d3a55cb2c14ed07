/** The popup: what is known about its tab, and what can be done. */

import { byId } from "../shared/elements";
import { translate, words as wordsOf, type Key, type Words } from "../shared/i18n";
import {
  POPUP_PORT,
  type Counted,
  type Request,
  type TabStatus,
  type ToPopup,
} from "../shared/messages";
import { sampleCss } from "../shared/samples";
import {
  loadSettings,
  runsByItself,
  saveSettings,
  sitePatterns,
  withSite,
  type Settings,
} from "../shared/settings";
import { isTrouble } from "../shared/state";
import { isOfLittle, judged, pageVerdict, total, type PageVerdict } from "../shared/verdict";
import { dropWish, makeWish } from "../shared/wish";
import { stateAdvice, stateTitle } from "../shared/wording";
import { obstacleOf } from "./obstacle";
import { StrongestList } from "./strongest";

const VERDICTS: Record<PageVerdict, Key> = {
  ai: "pageAi",
  mixed: "pageMixed",
  unclear: "pageUnclear",
  human: "pageHuman",
  none: "pageNone",
  unjudged: "pageUnjudged",
  short: "pageNothing",
};
/** The slider's left end: everything the server calls ai or unclear. */
const ALL = 0.25;

const site = byId("site", HTMLInputElement);
const threshold = byId("threshold", HTMLInputElement);
const check = byId("check", HTMLButtonElement);
const strongest = new StrongestList(byId("strongest", HTMLElement), (passage) => {
  void send({ kind: "reveal", tab, ...passage });
});

let settings: Settings;
let words: Words;
let status: TabStatus | null = null;
let tab: number;
let obstacle: Key | null = null;
/** Of a private window no site is put on a list, which outlives it. */
let isPrivate = false;

/** The tab the button belongs to; `?tab=` names another, for a popup opened as a page. */
async function ownTab(): Promise<number> {
  const named = new URLSearchParams(location.search).get("tab");
  if (named !== null) return Number(named);
  const [active] = await chrome.tabs.query({ active: true, currentWindow: true });
  return active?.id ?? chrome.tabs.TAB_ID_NONE;
}

async function send(request: Request): Promise<unknown> {
  return chrome.runtime.sendMessage(request);
}

function show(now: TabStatus): void {
  status = now;
  const { state, report } = now;
  const chip = byId("state", HTMLElement);
  const trouble = isTrouble(state.kind) || state.kind === "busy";
  chip.textContent = stateTitle(state, words);
  chip.dataset.kind = state.kind;
  chip.toggleAttribute("data-trouble", trouble);
  byId("trouble", HTMLElement).hidden = !trouble;
  byId("retry", HTMLElement).hidden = state.kind === "busy" && report.words.waiting === 0;
  byId("advice", HTMLElement).textContent = stateAdvice(state, words);

  const unreadable = byId("unreadable", HTMLElement);
  unreadable.hidden = obstacle === null;
  unreadable.textContent = obstacle === null ? "" : words.say(obstacle);
  byId("here", HTMLElement).hidden = obstacle !== null;
  check.textContent = words.say(now.active ? "stopPage" : "checkPage");
  check.classList.toggle("primary", !now.active);
  byId("site-row", HTMLElement).hidden = now.site === null || isPrivate;
  byId("site-name", HTMLElement).textContent = words.say("siteSwitch", now.site ?? "");
  site.checked = runsByItself(settings, now.site);

  const findings = byId("findings", HTMLElement);
  findings.hidden = !now.active || obstacle !== null;
  if (findings.hidden) return;
  const { words: counted } = report;
  const all = judged(counted);
  byId("verdict", HTMLElement).textContent = verdictOf(counted);
  const share = (n: number) => (n === 0 ? words.count(0) : words.percent(n / all));
  const bar = byId("bar", HTMLElement);
  bar.hidden = all === 0;
  bar.ariaLabel = words.say(
    "shares",
    share(counted.ai),
    share(counted.unclear),
    share(counted.human),
  );
  bar.title = bar.ariaLabel;
  bar.replaceChildren(
    ...(["ai", "unclear", "human"] as const).map((kind) => {
      const part = document.createElement("i");
      part.dataset.kind = kind;
      part.style.setProperty("flex", `${counted[kind]} 0 0`);
      return part;
    }),
  );
  byId("coverage", HTMLElement).textContent = coverage(counted);
  byId("whole", HTMLElement).hidden = counted.waiting === 0 || trouble;
  byId("no-passages", HTMLElement).hidden = report.strongest.length > 0;
  strongest.show(report.strongest, words);
}

/** The page's verdict, and whether it is of little of it, or not the last word. */
function verdictOf(counted: Counted): string {
  const line = words.say(VERDICTS[pageVerdict(counted)]);
  if (judged(counted) === 0) return line;
  if (isOfLittle(counted)) return words.say("ofLittle", line);
  return counted.waiting > 0 ? words.say("soFar", line) : line;
}

/** What was judged, and what was not for which reason. */
function coverage(counted: Counted): string {
  const reasons = [
    ["coverageWaiting", counted.waiting],
    ["coverageShort", counted.short],
    ["coverageUnjudged", counted.unjudged],
  ] as const;
  const judgedOf = words.say("coverage", words.count(judged(counted)), words.count(total(counted)));
  const rest = reasons.flatMap(([key, n]) => (n > 0 ? [words.say(key, words.count(n))] : []));
  return [judgedOf, ...rest].join(" · ");
}

function showThreshold(): void {
  const value = Number(threshold.value);
  const text = value <= ALL ? words.say("thresholdAll") : words.percent(value);
  byId("threshold-value", HTMLElement).textContent = text;
  threshold.ariaValueText = text;
}

function complain(text: string): void {
  const denied = byId("denied", HTMLElement);
  denied.textContent = text;
  denied.hidden = text === "";
}

async function switchSite(): Promise<void> {
  const name = status?.site;
  if (name === null || name === undefined) return;
  complain("");
  if (!site.checked) {
    await dropWish();
    await saveSettings(withSite(settings, name, false));
    return;
  }
  // Asked first, within the click that a browser wants to see for it. Its prompt closes the popup in
  // some: then the worker hears the answer.
  const asked = chrome.permissions.request({ origins: sitePatterns(name) }).catch(() => false);
  await makeWish(name);
  complain(words.say("siteAsks"));
  const granted = await asked;
  if (granted) await saveSettings(withSite(await loadSettings(), name, true));
  await dropWish();
  complain(granted ? "" : words.say("siteDenied"));
  site.checked = granted;
}

async function begin(): Promise<void> {
  const failed = await send({ kind: "check", tab });
  if (typeof failed === "string") complain(`${words.say("cannotCheck")} (${failed})`);
}

async function toggle(): Promise<void> {
  complain("");
  if (status?.active) await send({ kind: "stop", tab });
  else await begin();
}

function apply(loaded: Settings): void {
  settings = loaded;
  words = wordsOf(loaded.language);
  translate(words);
  threshold.value = `${Math.max(ALL, loaded.threshold)}`;
  showThreshold();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(sampleCss(loaded.style));
  document.adoptedStyleSheets = [sheet];
  if (status) show(status);
}

async function open(): Promise<void> {
  apply(await loadSettings());
  tab = await ownTab();
  connect();
  void look();
  chrome.storage.local.onChanged.addListener(() => void loadSettings().then(apply));
  check.addEventListener("click", () => void toggle());
  site.addEventListener("change", () => void switchSite());
  byId("retry", HTMLElement).addEventListener("click", () => void send({ kind: "retry" }));
  byId("whole", HTMLElement).addEventListener("click", () => void send({ kind: "whole", tab }));
  byId("options", HTMLElement).addEventListener(
    "click",
    () => void chrome.runtime.openOptionsPage(),
  );
  threshold.addEventListener("input", showThreshold);
  threshold.addEventListener("change", () => {
    const value = Number(threshold.value);
    void saveSettings({ threshold: value <= ALL ? 0 : value });
  });
}

async function look(): Promise<void> {
  const shown = await chrome.tabs.get(tab);
  isPrivate = shown.incognito;
  if (status) show(status);
  // A page that is stuck would be silent, and is none that the browser keeps from us.
  obstacle = await obstacleOf(shown);
  if (status) show(status);
}

/** The worker may be stopped while the popup is open; it comes back when called. */
function connect(): void {
  const port = chrome.runtime.connect({ name: `${POPUP_PORT}:${tab}` });
  port.onMessage.addListener((message: ToPopup) => {
    show(message.status);
  });
  port.onDisconnect.addListener(() => {
    setTimeout(connect, 500);
  });
}

void open();
