/** The pages' own words: what they ask, and what they report. */

import type { Answer, FromPage } from "../shared/messages";
import { admit, end, halt } from "./checking";
import { isKeptOut, mayRun } from "./documents";
import { refresh } from "./popups";
import { attempt, injectMissing } from "./reach";
import { tell, type Frame } from "./tabs";
import { pageView, remember, running, tabs } from "./world";

export function attendPage(port: chrome.runtime.Port, tab: number): void {
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
  const { queue, checked } = await running;
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
      const deliver = (id: number, score: Answer["score"]) => {
        tell(frame, { kind: "answer", answer: { id, score } });
      };
      await queue.ask(frame.key, texts, deliver, !frame.isPrivate);
      break;
    }
    case "cancel":
      queue.cancel(frame.key, message.ids);
      break;
    case "framed":
      // Where a site is checked by itself the browser brings the script to its frames.
      if (frame.active && checked.has(frame.tab)) await attempt(() => injectMissing(frame.tab));
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
  frame.active = active;
  // Also to one that is not checked: something in it may be selected.
  tell(frame, { kind: "view", ...pageView(world) });
  tell(frame, { kind: "state", state: world.queue.state });
  if (!active) await admit(frame);
  else if (!(await mayRun(world, frame.tab))) await end(frame.tab);
  else if (await isKeptOut(world, frame)) halt(world, frame);
}

/** A closed tab has no document any more. */
export async function forgetTab(tab: number): Promise<void> {
  const world = await running;
  const was = [world.checked.delete(tab), world.stopped.delete(tab)];
  if (was.includes(true)) await remember(world);
}
