/** The service worker: the browser's events, each to who knows what follows from it. */

import { PAGE_PORT, POPUP_PORT, type Request } from "../shared/messages";
import {
  installed,
  permissionsAdded,
  permissionsRemoved,
  settingsChanged,
  stateChanged,
} from "./changes";
import { checkSelection, press } from "./menu";
import { attendPage, forgetTab } from "./pages";
import { attendPopup, isOurs, obey } from "./requests";
import { onState } from "./world";

// All of them at once: a browser wakes the worker only for what it listened to from its beginning.
onState(stateChanged);

chrome.runtime.onConnect.addListener((port) => {
  const tab = port.sender?.tab?.id;
  if (port.name === PAGE_PORT && tab !== undefined) attendPage(port, tab);
  else if (port.name.startsWith(`${POPUP_PORT}:`) && isOurs(port.sender)) attendPopup(port);
});

chrome.runtime.onMessage.addListener((request: Request, sender, respond) => {
  // Content scripts have the port; what comes this way is from our own pages.
  if (!isOurs(sender)) return false;
  void obey(request).then(respond);
  return true;
});

chrome.tabs.onRemoved.addListener((tab) => void forgetTab(tab));
chrome.storage.local.onChanged.addListener((changes) => void settingsChanged(changes));
chrome.permissions.onAdded.addListener(({ origins = [] }) => void permissionsAdded(origins));
chrome.permissions.onRemoved.addListener(() => void permissionsRemoved());
chrome.runtime.onInstalled.addListener(({ reason }) => void installed(reason === "install"));

chrome.contextMenus.onClicked.addListener((info, tab) => {
  if (tab?.id !== undefined) void checkSelection(info, tab.id);
});
chrome.commands.onCommand.addListener((name, tab) => {
  if (tab?.id !== undefined) void press(name, tab.id);
});
