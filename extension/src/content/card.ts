/** What the tooltip says about a passage. */

import type { Words } from "../shared/i18n";
import type { Refusal, Score } from "../shared/score";
import type { State } from "../shared/state";
import {
  findingText,
  isForeignLanguage,
  isUnfit,
  refusalText,
  stateAdvice,
  stateTitle,
  verdictLine,
  type Said,
} from "../shared/wording";

export const CARD_CSS = `
  .card { box-sizing: border-box; max-width: 20rem; padding: 0.7rem 0.85rem; border: 1px solid #c9cfd8;
    border-radius: 10px; background: #ffffff; color: #1b2330; box-shadow: 0 6px 24px rgb(15 23 42 / 0.22);
    font: 13px/1.45 system-ui, sans-serif; text-align: start; }
  .card p { margin: 0.3rem 0 0; }
  .card .line { display: flex; align-items: center; gap: 0.5rem; margin: 0; font-size: 14px; font-weight: 650; }
  .card .sign { flex: none; width: 11px; height: 11px; border-radius: 3px; background: #5b6472; }
  .card[data-verdict="ai"] .sign { background: #bc6705; }
  .card[data-verdict="unclear"] .sign { background: none; border: 2px dotted #5c7ca5; box-sizing: border-box; border-radius: 50%; }
  .card[data-verdict="human"] .sign { background: #3f8f6b; border-radius: 50%; }
  .card .gauge { height: 5px; margin-top: 0.5rem; border-radius: 3px; background: #e3e7ed; overflow: hidden; }
  .card .gauge span { display: block; height: 100%; background: #6b7688; }
  .card[data-verdict="ai"] .gauge span { background: #bc6705; }
  .card .caution { color: #4d5766; font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    .card { background: #1d242e; color: #e8ecf2; border-color: #445062; box-shadow: 0 6px 24px rgb(0 0 0 / 0.5); }
    .card .gauge { background: #38424f; }
    .card .caution { color: #b4bdca; }
  }
  @media (forced-colors: active) {
    .card { border: 1px solid CanvasText; }
    .card .sign, .card .gauge span { forced-color-adjust: none; background: Highlight; }
    .card .gauge { border: 1px solid CanvasText; }
  }
`;

function paragraph(text: string, name = ""): HTMLElement {
  const element = document.createElement("p");
  if (name !== "") element.className = name;
  element.textContent = text;
  return element;
}

function remark({ text, lang }: Said): HTMLElement {
  const element = paragraph(text);
  if (lang) element.lang = lang;
  return element;
}

function card(verdict: string, title: string, rest: readonly HTMLElement[]): HTMLElement {
  const element = document.createElement("div");
  element.className = "card";
  element.dataset.verdict = verdict;
  const sign = document.createElement("span");
  sign.className = "sign";
  const name = document.createElement("span");
  name.textContent = title;
  const line = document.createElement("p");
  line.className = "line";
  line.append(sign, name);
  element.append(line, ...rest);
  return element;
}

function gauge(probability: number): HTMLElement {
  const element = document.createElement("div");
  element.className = "gauge";
  // The number stands in the line above; the bar only repeats it.
  element.ariaHidden = "true";
  const filled = document.createElement("span");
  filled.style.setProperty("width", `${Math.round(probability * 100)}%`);
  element.append(filled);
  return element;
}

const CAUTIONS = {
  ai: "caution",
  unclear: "cautionUnclear",
  human: "cautionHuman",
} as const;

export function scoreCard(score: Score | Refusal, minWords: number, language: Words): HTMLElement {
  if ("error" in score) {
    return card("none", language.say("notScored"), [remark(refusalText(score, language))]);
  }
  if (isForeignLanguage(score)) {
    return card("none", language.say("otherLanguage"), [paragraph(language.say("englishOnly"))]);
  }
  const findings = score.findings.map((finding) => remark(findingText(finding, language)));
  if (isUnfit(score)) return card("none", language.say("notScored"), findings);
  if (score.verdict === "too_short") {
    const counts = [language.count(score.words), language.count(minWords)];
    return card("none", language.say("verdictShort"), [
      paragraph(language.say("wordsNeeded", ...counts)),
    ]);
  }
  const scored = language.count(Math.round(score.words * score.coverage));
  return card(score.verdict, verdictLine(score, language), [
    ...(score.probability === null ? [] : [gauge(score.probability)]),
    paragraph(language.say("wordsScored", scored)),
    ...findings,
    paragraph(language.say(CAUTIONS[score.verdict]), "caution"),
  ]);
}

/** Nothing is known yet, and why. */
export function stateCard(state: State, language: Words): HTMLElement {
  return waitingCard(state, language, stateAdvice(state, language));
}

/** The same of what follows on the page. */
export function moreCard(state: State, language: Words): HTMLElement {
  return waitingCard(state, language, stateAdvice(state, language) || language.say("moreComes"));
}

function waitingCard(state: State, language: Words, advice: string): HTMLElement {
  const title =
    state.kind === "ok" || state.kind === "unknown"
      ? language.say("waiting")
      : stateTitle(state, language);
  return card("none", title, advice === "" ? [] : [paragraph(advice)]);
}
