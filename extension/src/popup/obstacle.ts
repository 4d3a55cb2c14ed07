/** Why a tab can't be checked at all. */

import type { Key } from "../shared/i18n";
import { siteOf } from "../shared/settings";
import { isTranslated } from "../shared/translation";

export async function obstacleOf({ id, url }: chrome.tabs.Tab): Promise<Key | null> {
  if (id === undefined || url === undefined) return "cannotCheck";
  const isFile = url.startsWith("file:");
  if (!isFile && siteOf(url) === null) return "cannotCheck";
  const shown = await look(id);
  if (!shown) return isNamedPdf(url) ? "isPdf" : isFile ? "fileAccess" : null;
  if (shown.type === "application/pdf") return "isPdf";
  return isTranslated(shown.root) ? "isTranslated" : null;
}

interface Shown {
  readonly type: string;
  /** The class of its root. */
  readonly root: string | null;
}

/**
 * Null where no script may go: into files without the reader's leave, and in Firefox into its viewer of
 * PDFs. Chrome lets one into the frame of its own, where no text is.
 */
async function look(id: number): Promise<Shown | null> {
  try {
    const [shown] = await chrome.scripting.executeScript({
      target: { tabId: id },
      func: () => ({
        type: document.contentType,
        root: document.documentElement.getAttribute("class"),
      }),
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
