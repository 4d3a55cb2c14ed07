/**
 * The site that the reader wants checked by itself, while the browser still asks him for the permission.
 * No setting yet: after a no all is as before. Kept, since some browsers' prompts close the popup that asked.
 */

import { loadSettings, saveSettings, sitePatterns, withSite } from "./settings";

const WISH = "wish";
/** Milliseconds. Whoever is permitted a site later than that was asked about something else. */
const LIFE = 600_000;

interface Wish {
  readonly site: string;
  readonly at: number;
}

export async function makeWish(site: string): Promise<void> {
  await chrome.storage.session.set({ [WISH]: { site, at: Date.now() } satisfies Wish });
}

export async function dropWish(): Promise<void> {
  await chrome.storage.session.remove(WISH);
}

/** Switch the site on if it is what the reader has just permitted, by these patterns. */
export async function grantWish(origins: readonly string[]): Promise<void> {
  const stored = await chrome.storage.session.get(WISH);
  const wish = stored[WISH] as Wish | undefined;
  if (!wish || Date.now() - wish.at > LIFE) return;
  if (!sitePatterns(wish.site).some((one) => origins.includes(one))) return;
  await saveSettings(withSite(await loadSettings(), wish.site, true));
  await dropWish();
}
