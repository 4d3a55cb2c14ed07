/** What the reader lets the extension read, and what of it the settings still need. */

import { originPattern, sitePatterns, type Settings } from "./settings";

export const EVERYWHERE = ["http://*/*", "https://*/*"];

export async function permitted(pattern: string): Promise<boolean> {
  return chrome.permissions.contains({ origins: [pattern] });
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

/** The permissions that settings need. */
function needed({ automatic, sitesOn, server }: Settings): string[] {
  const sites = [...(automatic ? EVERYWHERE : []), ...sitesOn.flatMap(sitePatterns)];
  return [...sites, originPattern(server)];
}

function covers(wide: string, ones: readonly string[]): boolean {
  const start = wide.slice(0, wide.indexOf("*"));
  return ones.some((one) => one === wide || one.startsWith(start));
}

/**
 * Those of the permissions `held` that a change left without a use, also one for all sites that was kept
 * for a single one. Chrome takes back with a pattern whatever it covers: one that covers what is needed
 * still must stay.
 */
export function unused(
  before: Settings,
  now: Settings,
  held: readonly string[],
  required: readonly string[],
): string[] {
  const kept = [...needed(now), ...required];
  return held.filter((wide) => covers(wide, needed(before)) && !covers(wide, kept));
}
