/** The service worker: wires the pages, the popup and the browser's events to the queue. */

import type { Page } from "../content/page";
import { words } from "../shared/i18n";
import {
  PAGE_PORT,
  POPUP_PORT,
  type FromPage,
  type PageCommand,
  type Request,
  type TabStatus,
  type ToPage,
} from "../shared/messages";
import {
  DEFAULTS,
  isLeftOut,
  loadSettings,
  runsByItself,
  saveSettings,
  siteOf,
  sitePatterns,
  view,
  type Settings,
} from "../shared/settings";
import { INITIAL, next, type State } from "../shared/state";
import { showBadge } from "./badge";
import { Cache } from "./cache";
import { Failure, handshake } from "./client";
import { Queue } from "./queue";
import { permittedOf, registerSites, release } from "./sites";
import { Tabs, tell, type Frame } from "./tabs";

const STATE = "state";
const CHECKED = "checked-tabs";
const STOPPED = "stopped-tabs";

interface Running {
  readonly queue: Queue;
  settings: Settings;
  /** Tabs that are checked because the reader asked, and the one document each was asked for. */
  readonly checked: Documents;
  /** The same of those that he had stopped. */
  readonly stopped: Documents;
}

/** By tab: the instant a document's life began tells it from any before and after it. */
type Documents = Map<number, number>;

const tabs = new Tabs();
const popups = new Map<chrome.runtime.Port, number>();

/** Everything that outlives a worker is read once; every event waits for it. */
const running: Promise<Running> = start();

async function start(): Promise<Running> {
  // Chrome only; in Firefox content scripts could read storage.local, but ours never does.
  const local: { setAccessLevel?: (level: { accessLevel: "TRUSTED_CONTEXTS" }) => Promise<void> } =
    chrome.storage.local;
  await local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });
  const settings = await loadSettings();
  const cache = await Cache.load(chrome.storage.session);
  const stored = await chrome.storage.session.get([STATE, CHECKED, STOPPED]);
  const queue = new Queue(
    {
      fetch: (address, init) => fetch(address, init),
      now: Date.now,
      random: Math.random,
      after: (milliseconds, then) => {
        const timer = setTimeout(then, milliseconds);
        return () => {
          clearTimeout(timer);
        };
      },
    },
    cache,
    settings,
    (stored[STATE] as State | undefined) ?? INITIAL,
    (state) => void stateChanged(state),
  );
  return {
    queue,
    settings,
    checked: new Map((stored[CHECKED] as [number, number][] | undefined) ?? []),
    stopped: new Map((stored[STOPPED] as [number, number][] | undefined) ?? []),
  };
}

async function stateChanged(state: State): Promise<void> {
  await chrome.storage.session.set({ [STATE]: state });
  for (const frame of tabs.all) tell(frame, { kind: "state", state });
  for (const frame of tabs.all.filter(({ active }) => active)) {
    tell(frame, { kind: "view", ...(await pageView()) });
  }
  await Promise.all([...new Set([...tabs.ids, ...popups.values()])].map(refresh));
}

async function pageView(): Promise<Pick<ToPage & { kind: "view" }, "view" | "minWords">> {
  const { settings, queue } = await running;
  return { view: view(settings), minWords: queue.state.minWords };
}

async function tabSite(tab: number): Promise<string | null> {
  try {
    return siteOf((await chrome.tabs.get(tab)).url);
  } catch {
    return null; // The tab was closed while we were asking.
  }
}

async function isOff(tab: number): Promise<boolean> {
  const { settings } = await running;
  const site = await tabSite(tab);
  return site !== null && isLeftOut(settings, site);
}

/** The frames under check. Asked of them: this worker may not have heard of them yet. */
async function checkedFrames(tab: number): Promise<{ frame: number; led: boolean }[]> {
  const frames = await chrome.scripting.executeScript({
    target: { tabId: tab, allFrames: true },
    func: () => {
      const page = (globalThis as { bylinePage?: Page }).bylinePage;
      return page?.isActive === true ? page.hasLed : null;
    },
  });
  return frames
    .flatMap(({ frameId, result }) =>
      typeof result === "boolean" ? [{ frame: frameId, led: result }] : [],
    )
    .sort((a, b) => a.frame - b.frame);
}

/** To the next mark: frame by frame, for two that lead at once pull the page about. */
async function lead(tab: number): Promise<void> {
  const frames = await checkedFrames(tab);
  const current = Math.max(
    0,
    frames.findIndex(({ led }) => led),
  );
  // The frame that has come to its end is asked once more, from its beginning.
  const turns = [...frames.slice(current), ...frames.slice(0, current + 1)];
  for (const { frame } of turns) if (await command(tab, { kind: "next" }, frame)) return;
}

async function status(tab: number): Promise<TabStatus> {
  const { queue } = await running;
  return {
    site: await tabSite(tab),
    siteOff: await isOff(tab),
    active: tabs.of(tab).some(({ active }) => active),
    state: queue.state,
    report: tabs.report(tab),
  };
}

/** Badge and popup of a tab, brought up to date. */
async function refresh(tab: number): Promise<void> {
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

/** Whether it was obeyed, where a frame says so. */
async function command(tab: number, said: PageCommand, frame?: number): Promise<boolean> {
  try {
    const options = frame === undefined ? {} : { frameId: frame };
    return await chrome.tabs.sendMessage<PageCommand, boolean>(tab, said, options);
  } catch {
    return false; // No content script is there: nothing to command.
  }
}

/** To the pages of all tabs, whether or not this worker has heard of them yet. */
async function everywhere(said: PageCommand): Promise<void> {
  const all = await chrome.tabs.query({});
  await Promise.all(all.flatMap(({ id }) => (id === undefined ? [] : [command(id, said)])));
}

async function inject(tab: number, frame?: number): Promise<void> {
  const target =
    frame === undefined ? { tabId: tab, allFrames: true } : { tabId: tab, frameIds: [frame] };
  await chrome.scripting.executeScript({ target, files: ["content.js"] });
}

async function remember({ checked, stopped }: Running): Promise<void> {
  await chrome.storage.session.set({ [CHECKED]: [...checked], [STOPPED]: [...stopped] });
}

/** Note the document that the tab shows now. */
async function note(documents: Documents, tab: number): Promise<void> {
  const shown = await documentOf(tab);
  if (shown !== undefined) documents.set(tab, shown);
}

async function documentOf(tab: number): Promise<number | undefined> {
  const [top] = await chrome.scripting.executeScript({
    target: { tabId: tab },
    func: () => performance.timeOrigin,
  });
  return top?.result;
}

/** Whether the tab still shows the document that was noted of it. */
async function isNoted(documents: Documents, tab: number): Promise<boolean> {
  const noted = documents.get(tab);
  if (noted === undefined) return false;
  try {
    return (await documentOf(tab)) === noted;
  } catch {
    return false; // It went where the extension may not follow.
  }
}

async function mayRun(tab: number): Promise<boolean> {
  const { settings, checked, stopped } = await running;
  if (await isNoted(stopped, tab)) return false;
  return runsByItself(settings, await tabSite(tab)) || (await isNoted(checked, tab));
}

async function check(tab: number): Promise<void> {
  const world = await running;
  await note(world.checked, tab);
  await begin(tab);
}

async function begin(tab: number): Promise<void> {
  const world = await running;
  world.stopped.delete(tab);
  await remember(world);
  await inject(tab);
  for (const frame of tabs.of(tab)) await admit(frame);
  await refresh(tab);
}

/** At the reader's word: nothing that the document loads later is checked either. */
async function stop(tab: number): Promise<void> {
  const world = await running;
  // A page that the extension may no longer enter has nothing to come.
  await attempt(() => note(world.stopped, tab));
  await end(tab);
  // Frames that this worker has not heard of come to it, and are stopped too.
  await command(tab, { kind: "return" });
}

async function end(tab: number): Promise<void> {
  const world = await running;
  world.checked.delete(tab);
  await remember(world);
  for (const frame of tabs.of(tab)) halt(world, frame);
  await refresh(tab);
}

function halt({ queue }: Running, frame: Frame): void {
  frame.active = false;
  queue.forget(frame.key);
  tell(frame, { kind: "stop" });
}

/** Of a site never checked, in a page of another: who asks for the page doesn't ask for that. */
async function isKeptOut({ tab, frame, site }: Frame): Promise<boolean> {
  const { settings } = await running;
  return frame !== 0 && site !== null && isLeftOut(settings, site) && !(await isOff(tab));
}

/** Start a frame's check if its tab is one to be checked. */
async function admit(frame: Frame): Promise<void> {
  if (frame.active || !(await mayRun(frame.tab)) || (await isKeptOut(frame))) return;
  frame.active = true;
  tell(frame, { kind: "start", ...(await pageView()) });
}

chrome.runtime.onConnect.addListener((port) => {
  const tab = port.sender?.tab?.id;
  if (port.name === PAGE_PORT && tab !== undefined) attendPage(port, tab);
  else if (port.name.startsWith(`${POPUP_PORT}:`) && isOurs(port.sender)) attendPopup(port);
});

function isOurs(sender: chrome.runtime.MessageSender | undefined): boolean {
  return sender?.url?.startsWith(chrome.runtime.getURL("")) === true;
}

chrome.tabs.onRemoved.addListener((tab) => {
  void running.then(async (world) => {
    const was = [world.checked.delete(tab), world.stopped.delete(tab)];
    if (was.includes(true)) await remember(world);
  });
});

function attendPage(port: chrome.runtime.Port, tab: number): void {
  const frame = tabs.enter(port, tab);
  port.onMessage.addListener((message: FromPage) => void hear(frame, message));
  port.onDisconnect.addListener(() => {
    tabs.leave(port);
    void running.then(async ({ queue }) => {
      queue.forget(frame.key);
      await refresh(tab);
    });
  });
}

async function hear(frame: Frame, message: FromPage): Promise<void> {
  const { queue } = await running;
  // In their order, and nothing before it is known whether the page may be checked.
  if (message.kind !== "here") await frame.admission;
  switch (message.kind) {
    case "here":
      frame.admission = welcome(frame, message.active);
      await frame.admission;
      await refresh(frame.tab);
      break;
    case "ask": {
      // What was selected and asked about needs no leave for the page.
      const texts = message.texts.filter(({ id }) => frame.active || id < 0);
      await queue.ask(frame.key, texts, (id, score) => {
        tell(frame, { kind: "answers", answers: [{ id, score }] });
      });
      break;
    }
    case "cancel":
      queue.cancel(frame.key, message.ids);
      break;
    case "report":
      frame.report = message.report;
      await refresh(frame.tab);
      break;
  }
}

/** A page at work outlives the worker: it says so, and goes on, unless that was ruled out meanwhile. */
async function welcome(frame: Frame, active: boolean): Promise<void> {
  const world = await running;
  const { queue } = world;
  frame.active = active;
  // Also to one that is not checked: something in it may be selected.
  tell(frame, { kind: "view", ...(await pageView()) });
  tell(frame, { kind: "state", state: queue.state });
  if (!active) await admit(frame);
  else if (!(await mayRun(frame.tab))) await end(frame.tab);
  else if (await isKeptOut(frame)) halt(world, frame);
}

function attendPopup(port: chrome.runtime.Port): void {
  const tab = Number(port.name.slice(POPUP_PORT.length + 1));
  popups.set(port, tab);
  port.onDisconnect.addListener(() => popups.delete(port));
  // Pages whose worker was stopped report to this one.
  void command(tab, { kind: "return" });
  void refresh(tab);
  void running.then(({ queue }) => queue.greet());
}

chrome.runtime.onMessage.addListener((request: Request, sender, respond) => {
  // Content scripts have the port; what comes this way is from our own pages.
  if (!isOurs(sender)) return false;
  void obey(request).then(respond);
  return true;
});

async function obey(request: Request): Promise<unknown> {
  const { queue } = await running;
  switch (request.kind) {
    case "check":
      return attempt(() => check(request.tab));
    case "stop":
      return attempt(() => stop(request.tab));
    case "whole":
      return command(request.tab, { kind: "whole" });
    case "reveal":
      return command(request.tab, { kind: "reveal", id: request.id }, request.frame);
    case "retry":
      queue.retry();
      return queue.greet();
    case "test":
      return test(request.server, request.token);
  }
}

/** Null, or why the browser refuses: its own pages and the shop may not be touched. */
async function attempt(action: () => Promise<void>): Promise<string | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a menu or a key asked for has no popup to complain in: the button says it. */
async function orSay(tab: number, action: () => Promise<void>): Promise<void> {
  const failed = await attempt(action);
  if (failed === null) return;
  const { settings } = await running;
  const title = `${words(settings.language).say("cannotCheck")} (${failed})`;
  await chrome.action.setBadgeText({ tabId: tab, text: "!" });
  await chrome.action.setTitle({ tabId: tab, title });
}

async function test(server: string, token: string): Promise<State> {
  const now = Date.now();
  try {
    const found = await handshake((address, init) => fetch(address, init), { server, token });
    const state = next(INITIAL, { kind: "connected", server: found }, now, 0);
    const { queue } = await running;
    if (queue.state.kind !== "ok") queue.retry();
    return state;
  } catch (error) {
    const { as, detail } = error instanceof Failure ? error : new Failure("failing", String(error));
    return next(INITIAL, { kind: "failed", as, detail, retryAfter: null }, now, 0);
  }
}

/** What a change replaced: a worker that it woke has read the new settings already. */
function previous(
  changes: Readonly<Record<string, chrome.storage.StorageChange>>,
): Partial<Settings> {
  const keys = Object.keys(changes) as (keyof Settings)[];
  return Object.fromEntries(keys.map((key) => [key, changes[key]?.oldValue ?? DEFAULTS[key]]));
}

chrome.storage.local.onChanged.addListener((changes) => {
  void running.then(async (world) => {
    world.settings = await loadSettings();
    const before = { ...world.settings, ...previous(changes) };
    if ("server" in changes || "token" in changes) {
      world.queue.readdress(world.settings);
      void everywhere({ kind: "forget" });
    }
    const moved = "automatic" in changes || "sitesOn" in changes || "sitesOff" in changes;
    if (moved) {
      for (const tab of new Set([...tabs.ids, ...world.checked.keys()])) {
        if ((await isOff(tab)) || !(await mayRun(tab))) await end(tab);
      }
      for (const frame of tabs.all) if (await isKeptOut(frame)) halt(world, frame);
    }
    // Pages whose worker was stopped come to this one, and hear of the change or are stopped.
    void everywhere({ kind: "return" });
    if (moved) {
      await registerSites(world.settings);
      const { sitesOn } = world.settings;
      await beginAt(sitesOn.filter((site) => !before.sitesOn.includes(site)));
    }
    await release(before, world.settings);
    if ("language" in changes) await makeMenu(world.settings);
    for (const frame of tabs.all.filter(({ active }) => active)) {
      tell(frame, { kind: "view", ...(await pageView()) });
    }
    await Promise.all([...new Set([...tabs.ids, ...popups.values()])].map(refresh));
  });
});

/** Check the open tabs of sites, as far as the reader's permissions go. */
async function beginAt(sites: readonly string[]): Promise<void> {
  if (sites.length === 0) return;
  for (const { id, url } of await chrome.tabs.query({})) {
    // A tab's address is told only where the extension may read it.
    if (id === undefined || !sites.includes(siteOf(url) ?? "")) continue;
    const may = await chrome.permissions.contains({ origins: [url ?? ""] });
    if (may) await attempt(() => begin(id));
  }
}

chrome.permissions.onAdded.addListener(({ origins = [] }) => {
  void running.then(async ({ settings }) => {
    await registerSites(settings);
    const isNew = (site: string) => sitePatterns(site).some((one) => origins.includes(one));
    await beginAt(settings.sitesOn.filter(isNew));
  });
});
chrome.permissions.onRemoved.addListener(() => {
  void loadSettings().then(async (settings) => {
    await registerSites(settings);
    await saveSettings(await permittedOf(settings));
  });
});

async function makeMenu(settings: Settings): Promise<void> {
  await chrome.contextMenus.removeAll();
  chrome.contextMenus.create({
    id: "selection",
    title: words(settings.language).say("menuSelection"),
    contexts: ["selection"],
  });
}

chrome.runtime.onInstalled.addListener(({ reason }) => {
  void running.then(async ({ settings }) => {
    await makeMenu(settings);
    await registerSites(settings);
    if (reason === "install") await chrome.runtime.openOptionsPage();
  });
});

chrome.contextMenus.onClicked.addListener((info, tab) => {
  const id = tab?.id;
  if (id === undefined) return;
  void orSay(id, async () => {
    await inject(id, info.frameId ?? 0);
    await command(id, { kind: "selection", text: info.selectionText ?? "" }, info.frameId ?? 0);
  });
});

chrome.commands.onCommand.addListener((name, tab) => {
  const id = tab?.id;
  if (id === undefined) return;
  void orSay(id, async () => {
    if (name === "next-passage") await lead(id);
    else if ((await checkedFrames(id)).length > 0) await stop(id);
    else await check(id);
  });
});
