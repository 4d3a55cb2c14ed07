/** Why a tab can't be checked at all. */

import type { Key } from "../shared/i18n";
import { siteOf } from "../shared/settings";

export async function obstacleOf({ id, url }: chrome.tabs.Tab): Promise<Key | null> {
  if (id === undefined || url === undefined) return "cannotCheck";
  if (url.startsWith("file:")) {
    return (await chrome.extension.isAllowedFileSchemeAccess()) ? null : "fileAccess";
  }
  if (siteOf(url) === null) return "cannotCheck";
  return (await isPdf(id, url)) ? "isPdf" : null;
}

/** Chrome lets a script into the frame of its viewer, where no text is; Firefox lets none in. */
async function isPdf(id: number, url: string): Promise<boolean> {
  try {
    const [shown] = await chrome.scripting.executeScript({
      target: { tabId: id },
      func: () => document.contentType,
      injectImmediately: true,
    });
    return shown?.result === "application/pdf";
  } catch {
    return new URL(url).pathname.toLowerCase().endsWith(".pdf");
  }
}
