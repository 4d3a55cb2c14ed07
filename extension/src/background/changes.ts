/** What follows from a change: of the settings, of the permissions, of the server's state. */

import { permittedOf } from "../shared/permissions";
import {
  DEFAULTS,
  loadSettings,
  saveSettings,
  sitePatterns,
  type Settings,
} from "../shared/settings";
import type { State } from "../shared/state";
import { grantWish } from "../shared/wish";
import { beginAt, endRuledOut } from "./checking";
import { makeMenu } from "./menu";
import { refreshAll } from "./popups";
import { everywhere } from "./reach";
import { registerSites, release } from "./sites";
import { tell } from "./tabs";
import { pageView, running, tabs } from "./world";

type Changes = Readonly<Record<string, chrome.storage.StorageChange>>;

export async function stateChanged(state: State): Promise<void> {
  for (const frame of tabs.all) tell(frame, { kind: "state", state });
  await show();
}

/** To the pages under check, the popups and the buttons. */
async function show(): Promise<void> {
  const world = await running;
  for (const frame of tabs.all.filter(({ active }) => active)) {
    tell(frame, { kind: "view", ...pageView(world) });
  }
  await refreshAll();
}

/** What a change replaced: a worker that it woke has read the new settings already. */
function previous(changes: Changes): Partial<Settings> {
  const keys = Object.keys(changes) as (keyof Settings)[];
  return Object.fromEntries(keys.map((key) => [key, changes[key]?.oldValue ?? DEFAULTS[key]]));
}

export async function settingsChanged(changes: Changes): Promise<void> {
  const world = await running;
  world.settings = await loadSettings();
  const before = { ...world.settings, ...previous(changes) };
  if ("server" in changes || "token" in changes) {
    world.queue.readdress(world.settings);
    void everywhere({ kind: "forget" });
  }
  const moved = "automatic" in changes || "sitesOn" in changes || "sitesOff" in changes;
  if (moved) await endRuledOut();
  // Pages whose worker was stopped come to this one, and hear of the change or are stopped.
  void everywhere({ kind: "return" });
  if (moved) {
    await registerSites(world.settings);
    const { sitesOn } = world.settings;
    await beginAt(sitesOn.filter((site) => !before.sitesOn.includes(site)));
  }
  await release(before, world.settings);
  if ("language" in changes) await makeMenu(world.settings);
  await show();
}

export async function permissionsAdded(origins: readonly string[]): Promise<void> {
  const { settings } = await running;
  await registerSites(settings);
  const isNew = (site: string) => sitePatterns(site).some((one) => origins.includes(one));
  await beginAt(settings.sitesOn.filter(isNew));
  await grantWish(origins);
}

export async function permissionsRemoved(): Promise<void> {
  const settings = await loadSettings();
  await registerSites(settings);
  await saveSettings(await permittedOf(settings));
}

export async function installed(isNew: boolean): Promise<void> {
  const { settings } = await running;
  await makeMenu(settings);
  await registerSites(settings);
  if (isNew) await chrome.runtime.openOptionsPage();
}
