/** The toolbar button of a tab: how many passages, or what keeps the answer. */

import type { Words } from "../shared/i18n";
import type { TabStatus } from "../shared/messages";
import { isTrouble } from "../shared/state";
import { judged, pageVerdict } from "../shared/verdict";
import { stateTitle } from "../shared/wording";

const QUIET = "#5b6472";
const MARKED = "#9a4a00";
const TROUBLE = "#8a1c4a";

export interface Badge {
  readonly text: string;
  readonly colour: string;
  readonly title: string;
}

export function badge(status: TabStatus, language: Words): Badge {
  const name = language.say("name");
  const { report, state } = status;
  if (status.siteOff && !status.active) {
    return {
      text: language.say("badgeOff"),
      colour: QUIET,
      title: `${name}: ${language.say("siteIsOff")}`,
    };
  }
  if (!status.active)
    return { text: "", colour: QUIET, title: `${name}: ${language.say("notChecked")}` };
  if (isTrouble(state.kind)) {
    return { text: "!", colour: TROUBLE, title: `${name}: ${stateTitle(state, language)}` };
  }
  if (state.kind === "busy") {
    return { text: "…", colour: QUIET, title: `${name}: ${stateTitle(state, language)}` };
  }
  if (judged(report.words) === 0) {
    const isUnjudged = pageVerdict(report.words) === "unjudged";
    const title = isUnjudged ? `${name}: ${language.say("pageUnjudged")}` : name;
    return { text: "", colour: QUIET, title };
  }
  return {
    text: report.ai > 999 ? "999" : String(report.ai),
    colour: report.ai > 0 ? MARKED : QUIET,
    title: `${name}: ${language.say("badgeCount", language.count(report.ai))}`,
  };
}

export async function showBadge(tab: number, status: TabStatus, language: Words): Promise<void> {
  const { text, colour, title } = badge(status, language);
  await Promise.all([
    chrome.action.setBadgeText({ tabId: tab, text }),
    chrome.action.setBadgeBackgroundColor({ tabId: tab, color: colour }),
    chrome.action.setBadgeTextColor({ tabId: tab, color: "#ffffff" }),
    chrome.action.setTitle({ tabId: tab, title }),
  ]);
}
