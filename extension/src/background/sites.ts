/** Where the content script runs by itself, as far as the reader's permissions go. */

import { EVERYWHERE, permitted, unused } from "../shared/permissions";
import { sitePatterns, sitesBelow, type Settings } from "../shared/settings";

const ID = "pages";

/** The patterns to register: those wished for and granted. */
export async function wanted(
  settings: Settings,
  may: (pattern: string) => Promise<boolean> = permitted,
): Promise<string[]> {
  const wished = settings.automatic ? EVERYWHERE : settings.sitesOn.flatMap(sitePatterns);
  const granted = await Promise.all(wished.map(may));
  return wished.filter((_, index) => granted[index]);
}

export async function release(before: Settings, now: Settings): Promise<void> {
  const { host_permissions: required = [] } = chrome.runtime.getManifest() as {
    readonly host_permissions?: readonly string[];
  };
  const { origins: held = [] } = await chrome.permissions.getAll();
  const origins = unused(before, now, held, required);
  if (origins.length > 0) await chrome.permissions.remove({ origins });
}

let last: Promise<void> = Promise.resolve();

/** Bring the registration in line; one change at a time, for two at once would collide. */
export function registerSites(settings: Settings): Promise<void> {
  const change = last.then(() => register(settings));
  // Whoever asked hears of a failure; the next change is tried all the same.
  last = change.catch(() => undefined);
  return change;
}

async function register(settings: Settings): Promise<void> {
  const matches = await wanted(settings);
  const registered = await chrome.scripting.getRegisteredContentScripts({ ids: [ID] });
  if (registered.length > 0) await chrome.scripting.unregisterContentScripts({ ids: [ID] });
  if (matches.length === 0) return;
  await chrome.scripting.registerContentScripts([
    {
      id: ID,
      js: ["content.js"],
      matches,
      excludeMatches: settings.sitesOff.map(sitesBelow),
      allFrames: true,
      matchOriginAsFallback: true,
      runAt: "document_idle",
      persistAcrossSessions: true,
    },
  ]);
}
