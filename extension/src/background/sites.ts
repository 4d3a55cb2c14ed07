/** Where the content script runs by itself, as far as the reader's permissions go. */

import { originPattern, sitePatterns, type Settings } from "../shared/settings";

const ID = "pages";
const EVERYWHERE = ["http://*/*", "https://*/*"];

async function permitted(pattern: string): Promise<boolean> {
  return chrome.permissions.contains({ origins: [pattern] });
}

/** The patterns to register: those wished for and granted. */
export async function wanted(
  settings: Settings,
  may: (pattern: string) => Promise<boolean> = permitted,
): Promise<string[]> {
  const wished = settings.automatic ? EVERYWHERE : settings.sitesOn.flatMap(sitePatterns);
  const granted = await Promise.all(wished.map(may));
  return wished.filter((_, index) => granted[index]);
}

/** The permissions that settings need. */
export function needed(settings: Settings): string[] {
  const { automatic, sitesOn, server } = settings;
  return [
    ...(automatic ? EVERYWHERE : []),
    ...sitesOn.flatMap(sitePatterns),
    originPattern(server),
  ];
}

/** Give back the permissions that a change left without a use. */
export async function release(before: Settings, now: Settings): Promise<void> {
  const kept = [...needed(now), ...(chrome.runtime.getManifest().host_permissions ?? [])];
  const { origins: held = [] } = await chrome.permissions.getAll();
  const origins = needed(before).filter((one) => held.includes(one) && !kept.includes(one));
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
      excludeMatches: settings.sitesOff.flatMap(sitePatterns),
      allFrames: true,
      matchOriginAsFallback: true,
      runAt: "document_idle",
      persistAcrossSessions: true,
    },
  ]);
}
