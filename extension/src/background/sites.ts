/** Where the content script runs by itself, as far as the reader's permissions go. */

import {
  loadSettings,
  originPattern,
  saveSettings,
  sitePatterns,
  sitesBelow,
  type Settings,
} from "../shared/settings";

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

/** What of the settings is still true where the browser's own settings took permissions back. */
export async function permittedOf(
  { automatic, sitesOn }: Settings,
  may: (pattern: string) => Promise<boolean> = permitted,
): Promise<Pick<Settings, "automatic" | "sitesOn">> {
  const everywhere = await Promise.all(EVERYWHERE.map(may));
  const sites = await Promise.all(
    sitesOn.map(async (site) => Promise.all(sitePatterns(site).map(may))),
  );
  return {
    automatic: automatic && everywhere.every(Boolean),
    sitesOn: sitesOn.filter((_, index) => sites[index]?.some(Boolean)),
  };
}

/**
 * Keep what is permitted. For the pages that show the settings: in some browsers the prompt closes the
 * popup that asked, and nobody hears of a no.
 */
export async function keepPermitted(): Promise<void> {
  const settings = await loadSettings();
  const { automatic, sitesOn } = await permittedOf(settings);
  const isKept = automatic === settings.automatic && sitesOn.length === settings.sitesOn.length;
  if (!isKept) await saveSettings({ automatic, sitesOn });
}

/** The permissions that settings need. */
function needed({ automatic, sitesOn, server }: Settings): string[] {
  const sites = [...(automatic ? EVERYWHERE : []), ...sitesOn.flatMap(sitePatterns)];
  return [...sites, originPattern(server)];
}

/**
 * The permissions that a change left without a use. Chrome takes back with a pattern whatever it
 * covers: one that covers the server's must stay.
 */
export function unused(before: Settings, now: Settings, required: readonly string[]): string[] {
  const kept = [...needed(now), ...required];
  const covers = (wide: string, one: string) =>
    wide === one || one.startsWith(wide.slice(0, wide.indexOf("*")));
  return needed(before).filter((wide) => !kept.some((one) => covers(wide, one)));
}

export async function release(before: Settings, now: Settings): Promise<void> {
  const { host_permissions: required = [] } = chrome.runtime.getManifest() as {
    readonly host_permissions?: readonly string[];
  };
  const { origins: held = [] } = await chrome.permissions.getAll();
  const origins = unused(before, now, required).filter((one) => held.includes(one));
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
