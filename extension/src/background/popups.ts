/** What is shown of a tab: its button, and its popup where one is open. */

import { words } from "../shared/i18n";
import type { TabStatus } from "../shared/messages";
import { showBadge } from "./badge";
import { isOff, tabSite } from "./documents";
import { tell } from "./tabs";
import { popups, running, tabs } from "./world";

async function status(tab: number): Promise<TabStatus> {
  const world = await running;
  return {
    site: await tabSite(tab),
    siteOff: await isOff(world, tab),
    active: tabs.of(tab).some(({ active }) => active),
    state: world.queue.state,
    report: tabs.report(tab),
  };
}

/** Badge and popup of a tab, brought up to date. */
export async function refresh(tab: number): Promise<void> {
  const { settings } = await running;
  const now = await status(tab);
  for (const [port, of] of popups) {
    if (of === tab) tell({ port }, { kind: "status", status: now });
  }
  try {
    await showBadge(tab, now, words(settings.language));
  } catch {
    // The tab was closed: there is no button left to write on.
  }
}

export async function refreshAll(): Promise<void> {
  await Promise.all([...new Set([...tabs.ids, ...popups.values()])].map(refresh));
}
