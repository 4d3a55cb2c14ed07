/** Into the pages: scripts and commands, and what to make of a page that is silent. */

import type { Page } from "../content/page";
import type { PageCommand } from "../shared/messages";

/** Milliseconds. A frozen page, or one that waits in a dialog, may not hold up all others. */
const PATIENCE = 2_000;

/** What is promised; undefined where that takes too long. It may come about later all the same. */
export async function inTime<T>(promised: Promise<T>): Promise<T | undefined> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, PATIENCE);
  });
  return Promise.race([promised, late]);
}

/** Null, or why the browser refuses: its own pages and the shop may not be touched. */
export async function attempt(action: () => Promise<void>): Promise<string | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Have the content script in a tab's frames, or in one of them; one that is there stays.
 *
 * @param isCommanded whether a command follows, which has to meet the script there, though the page still
 *   loads; it follows where one frame is named
 */
export async function inject(
  tab: number,
  frame?: number,
  isCommanded = frame !== undefined,
): Promise<void> {
  const target =
    frame === undefined ? { tabId: tab, allFrames: true } : { tabId: tab, frameIds: [frame] };
  const injected = chrome.scripting.executeScript({
    target,
    files: ["content.js"],
    injectImmediately: isCommanded,
  });
  await (isCommanded ? injected : inTime(injected));
}

/** What each of a tab's frames answers at once; nothing where one of them is stuck. */
async function ask<T>(tab: number, func: () => T) {
  const target = { tabId: tab, allFrames: true };
  const asked = chrome.scripting.executeScript({ target, func, injectImmediately: true });
  return (await inTime(asked)) ?? [];
}

/**
 * The same in those of a tab's frames that have none: of dozens, most have. One by one, for of several
 * that are named together none gets it where one has just gone.
 */
export async function injectMissing(tab: number): Promise<void> {
  const frames = await ask(tab, () => "bylinePage" in globalThis);
  const missing = frames.filter(({ result }) => result === false);
  // Not at once: a frame that still loads has nothing to be read.
  const injectOne = ({ frameId }: { frameId: number }) =>
    attempt(() => inject(tab, frameId, false));
  await Promise.all(missing.map(injectOne));
}

/**
 * When the life of the document that a tab shows began, whenever it answers; undefined where that
 * can't be told.
 */
export async function documentOf(tab: number): Promise<number | undefined> {
  try {
    const results = await chrome.scripting.executeScript({
      target: { tabId: tab },
      func: () => performance.timeOrigin,
      injectImmediately: true,
    });
    return results[0]?.result;
  } catch {
    return undefined; // It went where the extension may not follow.
  }
}

/** The frames under check. Asked of them: this worker may not have heard of them yet. */
export async function checkedFrames(tab: number): Promise<{ frame: number; led: boolean }[]> {
  const frames = await ask(tab, () => {
    const page = (globalThis as { bylinePage?: Page }).bylinePage;
    return page?.isActive === true ? page.hasLed : null;
  });
  return frames
    .flatMap(({ frameId, result }) =>
      typeof result === "boolean" ? [{ frame: frameId, led: result }] : [],
    )
    .sort((a, b) => a.frame - b.frame);
}

/** Whether it was obeyed, where a frame says so. */
export async function command(tab: number, said: PageCommand, frame?: number): Promise<boolean> {
  try {
    const options = frame === undefined ? {} : { frameId: frame };
    return await chrome.tabs.sendMessage<PageCommand, boolean>(tab, said, options);
  } catch {
    return false; // No content script is there: nothing to command.
  }
}

/** To the pages of all tabs, whether or not this worker has heard of them yet. */
export async function everywhere(said: PageCommand): Promise<void> {
  const all = await chrome.tabs.query({});
  await Promise.all(all.flatMap(({ id }) => (id === undefined ? [] : [command(id, said)])));
}
