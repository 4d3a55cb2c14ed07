/** Why a tab can't be checked at all. */

import type { Key } from "../shared/i18n";
import { siteOf } from "../shared/settings";

export async function obstacleOf({ id, url }: chrome.tabs.Tab): Promise<Key | null> {
  if (id === undefined || url === undefined) return "cannotCheck";
  const isFile = url.startsWith("file:");
  if (!isFile && siteOf(url) === null) return "cannotCheck";
  const type = await contentType(id);
  if (type === "application/pdf" || (type === null && isNamedPdf(url))) return "isPdf";
  return isFile && type === null ? "fileAccess" : null;
}

/**
 * Null where no script may go: into files without the reader's leave, and in Firefox into its viewer of
 * PDFs. Chrome lets one into the frame of its own, where no text is.
 */
async function contentType(id: number): Promise<string | null> {
  try {
    const [shown] = await chrome.scripting.executeScript({
      target: { tabId: id },
      func: () => document.contentType,
      injectImmediately: true,
    });
    return shown?.result ?? null;
  } catch {
    return null;
  }
}

function isNamedPdf(url: string): boolean {
  return new URL(url).pathname.toLowerCase().endsWith(".pdf");
}
