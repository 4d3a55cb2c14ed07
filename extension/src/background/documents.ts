/** Which of the documents that the tabs show may be checked. */

import { permitted } from "../shared/permissions";
import { isLeftOut, originPattern, runsByItself, siteOf, type Settings } from "../shared/settings";
import { attempt, documentOf, inTime } from "./reach";
import type { Frame } from "./tabs";

/**
 * By tab: the instant a document's life began tells it from any before and after it. There are several
 * where the reader went on, and may come back to one that the browser kept.
 */
export type Documents = Map<number, readonly number[]>;

interface Known {
  readonly settings: Settings;
  readonly checked: Documents;
  readonly stopped: Documents;
}

async function tabUrl(tab: number): Promise<string | undefined> {
  try {
    return (await chrome.tabs.get(tab)).url;
  } catch {
    return undefined; // The tab was closed while we were asking.
  }
}

export async function tabSite(tab: number): Promise<string | null> {
  return siteOf(await tabUrl(tab));
}

export async function isOff({ settings }: Pick<Known, "settings">, tab: number): Promise<boolean> {
  const site = await tabSite(tab);
  return site !== null && isLeftOut(settings, site);
}

/**
 * Note the document that the tab shows now. Where a page that is stuck answers late, it is noted then,
 * and what was begun is done again: the reader's word holds.
 */
export async function note(
  documents: Documents,
  tab: number,
  again: () => Promise<void>,
): Promise<void> {
  const add = (shown: number) => documents.set(tab, [...(documents.get(tab) ?? []), shown]);
  const asked = documentOf(tab);
  const shown = await inTime(asked);
  if (shown !== undefined) add(shown);
  else {
    void asked.then(async (late) => {
      if (late === undefined) return;
      add(late);
      await attempt(again);
    });
  }
}

/** Whether the tab's page is one to be checked. One that doesn't answer is none that was asked for. */
export async function mayRun({ settings, checked, stopped }: Known, tab: number): Promise<boolean> {
  const isNoted = checked.has(tab) || stopped.has(tab);
  const shown = isNoted ? await inTime(documentOf(tab)) : undefined;
  const isAmong = (documents: Documents) =>
    shown !== undefined && documents.get(tab)?.includes(shown) === true;
  if (stopped.has(tab) && (shown === undefined || isAmong(stopped))) return false;
  const url = await tabUrl(tab);
  // The browser's own settings may have taken the permission back.
  const byItself = url !== undefined && runsByItself(settings, siteOf(url));
  if (byItself && (await permitted(originPattern(url)))) return true;
  return isAmong(checked);
}

/** Of a site never checked, in a page of another: who asks for the page doesn't ask for that. */
export async function isKeptOut(known: Known, { tab, frame, site }: Frame): Promise<boolean> {
  const isOut = frame !== 0 && site !== null && isLeftOut(known.settings, site);
  return isOut && !(await isOff(known, tab));
}
