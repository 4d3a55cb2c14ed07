/** Pages begin to be checked, and end. */

import { permitted } from "../shared/permissions";
import { originPattern, siteOf } from "../shared/settings";
import { isKeptOut, isOff, mayRun, note } from "./documents";
import { refresh } from "./popups";
import { attempt, checkedFrames, command, inject } from "./reach";
import { tell, type Frame } from "./tabs";
import { pageView, remember, running, tabs, type World } from "./world";

/** At the reader's word. */
export async function check(tab: number): Promise<void> {
  const world = await running;
  await note(world.checked, tab, () => begin(tab));
  await begin(tab);
}

async function begin(tab: number): Promise<void> {
  const world = await running;
  world.stopped.delete(tab);
  await remember(world);
  await inject(tab);
  await Promise.all(tabs.of(tab).map(admit));
  await refresh(tab);
}

/** Check the open tabs of sites, as far as the reader's permissions go. */
export async function beginAt(sites: readonly string[]): Promise<void> {
  if (sites.length === 0) return;
  const all = await chrome.tabs.query({});
  const beginOne = async ({ id, url }: chrome.tabs.Tab) => {
    // A tab's address is told only where the extension may read it.
    if (id === undefined || url === undefined || !sites.includes(siteOf(url) ?? "")) return;
    if (await permitted(originPattern(url))) await attempt(() => begin(id));
  };
  await Promise.all(all.map(beginOne));
}

/** At the reader's word: nothing that the document loads later is checked either. */
export async function stop(tab: number): Promise<void> {
  const world = await running;
  await note(world.stopped, tab, () => end(tab));
  await end(tab);
  // Frames that this worker has not heard of come to it, and are stopped too.
  await command(tab, { kind: "return" });
}

export async function toggle(tab: number): Promise<void> {
  const isChecked = tabs.of(tab).some(({ active }) => active);
  if (isChecked || (await checkedFrames(tab)).length > 0) await stop(tab);
  else await check(tab);
}

export async function end(tab: number): Promise<void> {
  const world = await running;
  world.checked.delete(tab);
  await remember(world);
  for (const frame of tabs.of(tab)) halt(world, frame);
  await refresh(tab);
}

/** The pages that settings have ruled out. */
export async function endRuledOut(): Promise<void> {
  const world = await running;
  const endOne = async (tab: number) => {
    if ((await isOff(world, tab)) || !(await mayRun(world, tab))) await end(tab);
  };
  await Promise.all([...new Set([...tabs.ids, ...world.checked.keys()])].map(endOne));
  for (const frame of tabs.all) if (await isKeptOut(world, frame)) halt(world, frame);
}

export function halt({ queue }: World, frame: Frame): void {
  frame.active = false;
  queue.forget(frame.key);
  tell(frame, { kind: "stop" });
}

/** Start a frame's check if its tab is one to be checked. */
export async function admit(frame: Frame): Promise<void> {
  const world = await running;
  if (frame.active || !(await mayRun(world, frame.tab)) || (await isKeptOut(world, frame))) return;
  frame.active = true;
  tell(frame, { kind: "start", ...pageView(world) });
}

/** To the next mark: frame by frame, for two that lead at once pull the page about. */
export async function lead(tab: number): Promise<void> {
  const frames = await checkedFrames(tab);
  const current = Math.max(
    0,
    frames.findIndex(({ led }) => led),
  );
  // The frame that has come to its end is asked once more, from its beginning.
  const turns = [...frames.slice(current), ...frames.slice(0, current + 1)];
  for (const { frame } of turns) if (await command(tab, { kind: "next" }, frame)) return;
}
