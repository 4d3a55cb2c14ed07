/** The context menu and the keys. */

import { words } from "../shared/i18n";
import type { Settings } from "../shared/settings";
import { lead, toggle } from "./checking";
import { attempt, command, inject } from "./reach";
import { running } from "./world";

export async function makeMenu(settings: Settings): Promise<void> {
  await chrome.contextMenus.removeAll();
  chrome.contextMenus.create({
    id: "selection",
    title: words(settings.language).say("menuSelection"),
    contexts: ["selection"],
  });
}

/** There is no popup to complain in: the button says it. */
async function orSay(tab: number, action: () => Promise<void>): Promise<void> {
  const failed = await attempt(action);
  if (failed === null) return;
  const { settings } = await running;
  const title = `${words(settings.language).say("cannotCheck")} (${failed})`;
  await chrome.action.setBadgeText({ tabId: tab, text: "!" });
  await chrome.action.setTitle({ tabId: tab, title });
}

export async function checkSelection(
  { frameId = 0, selectionText = "" }: chrome.contextMenus.OnClickData,
  tab: number,
): Promise<void> {
  await orSay(tab, async () => {
    await inject(tab, frameId);
    await command(tab, { kind: "selection", text: selectionText }, frameId);
  });
}

export async function press(name: string, tab: number): Promise<void> {
  await orSay(tab, () => (name === "next-passage" ? lead(tab) : toggle(tab)));
}
