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
  const { active, report, siteOff, state } = status;
  const shows = (text: string, colour: string, ...said: string[]): Badge => {
    return { text, colour, title: [language.say("name"), ...said].join(": ") };
  };
  if (siteOff && !active) return shows(language.say("badgeOff"), QUIET, language.say("siteIsOff"));
  if (!active) return shows("", QUIET, language.say("notChecked"));
  if (isTrouble(state.kind)) return shows("!", TROUBLE, stateTitle(state, language));
  if (state.kind === "busy") return shows("…", QUIET, stateTitle(state, language));
  if (pageVerdict(report.words) === "unjudged")
    return shows("", QUIET, language.say("pageUnjudged"));
  if (judged(report.words) === 0) return shows("", QUIET);
  const text = report.ai > 999 ? "999" : String(report.ai);
  const count = language.say("badgeCount", language.count(report.ai));
  return shows(text, report.ai > 0 ? MARKED : QUIET, count);
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
