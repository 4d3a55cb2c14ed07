/** What the worker knows, and what of it outlives the worker. */

import { loadSettings, view, type Settings } from "../shared/settings";
import { INITIAL, type State } from "../shared/state";
import type { ToPage } from "../shared/messages";
import { Cache } from "./cache";
import type { Documents } from "./documents";
import { Queue } from "./queue";
import { attempt, everywhere } from "./reach";
import { Tabs } from "./tabs";

const STATE = "state";
const CHECKED = "checked-tabs";
const STOPPED = "stopped-tabs";

export interface World {
  readonly queue: Queue;
  settings: Settings;
  /** Tabs that are checked because the reader asked, and the documents that were asked for. */
  readonly checked: Documents;
  /** The same of those that he had stopped. */
  readonly stopped: Documents;
}

export const tabs = new Tabs();
/** The open popups, and the tab of each. */
export const popups = new Map<chrome.runtime.Port, number>();

/** Everything that outlives a worker is read once; every event waits for it. */
export const running: Promise<World> = start();

let hear: (state: State) => Promise<void> = () => Promise.resolve();

/** Called with each state of the server from now on. */
export function onState(then: (state: State) => Promise<void>): void {
  hear = then;
}

async function start(): Promise<World> {
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
    (state) => {
      // Telling does not depend on storing: that may be full.
      void attempt(() => chrome.storage.session.set({ [STATE]: state })).then(() => hear(state));
    },
    () => void everywhere({ kind: "forget" }),
  );
  return {
    queue,
    settings,
    checked: new Map((stored[CHECKED] as [number, number[]][] | undefined) ?? []),
    stopped: new Map((stored[STOPPED] as [number, number[]][] | undefined) ?? []),
  };
}

/** Have the next worker know which documents are checked, and which were stopped. */
export async function remember({ checked, stopped }: World): Promise<void> {
  await chrome.storage.session.set({ [CHECKED]: [...checked], [STOPPED]: [...stopped] });
}

/** What a page is told of the settings and of the server. */
export function pageView({
  settings,
  queue,
}: World): Pick<ToPage & { kind: "view" }, "view" | "minWords"> {
  return { view: view(settings), minWords: queue.state.minWords };
}
