/** The pages that are looked at: one port a frame, summed up by tab. */

import { NO_WORDS, type Report, type Strong, type ToPage, type ToPopup } from "../shared/messages";
import { siteOf } from "../shared/settings";
import { add } from "../shared/verdict";

const STRONGEST = 12;
const EMPTY: Report = { words: NO_WORDS, ai: 0, unclear: 0, strongest: [] };

export interface Frame {
  readonly key: string;
  readonly tab: number;
  readonly frame: number;
  /** Its own; null where it has none, as what a page writes into a sandbox. */
  readonly site: string | null;
  /** Of a private window: nothing about it is to outlive it. */
  readonly isPrivate: boolean;
  readonly port: chrome.runtime.Port;
  active: boolean;
  /** Settled once it is known whether it may be checked. */
  admission: Promise<void>;
  report: Report;
}

export class Tabs {
  private readonly frames = new Map<chrome.runtime.Port, Frame>();
  private count = 0;

  enter(port: chrome.runtime.Port, tab: number): Frame {
    this.count += 1;
    const {
      frameId: frame = 0,
      origin,
      url,
      tab: { incognito: isPrivate = false } = {},
    } = port.sender ?? {};
    const entered = {
      key: `${this.count}`,
      tab,
      frame,
      // What a page writes into a frame has no address, but the origin of that page.
      site: siteOf(origin) ?? siteOf(url),
      isPrivate,
      port,
      active: false,
      admission: Promise.resolve(),
      report: EMPTY,
    };
    this.frames.set(port, entered);
    return entered;
  }

  leave(port: chrome.runtime.Port): void {
    this.frames.delete(port);
  }

  of(tab: number): readonly Frame[] {
    return [...this.frames.values()].filter((frame) => frame.tab === tab);
  }

  get all(): readonly Frame[] {
    return [...this.frames.values()];
  }

  get ids(): readonly number[] {
    return [...new Set(this.all.map(({ tab }) => tab))];
  }

  report(tab: number): Omit<Report, "strongest"> & { readonly strongest: readonly Strong[] } {
    const frames = this.of(tab).filter(({ active }) => active);
    const strongest = frames
      .flatMap(({ frame, report }) => report.strongest.map((one) => ({ ...one, frame })))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, STRONGEST);
    return {
      words: frames.reduce((sum, { report }) => add(sum, report.words), NO_WORDS),
      ai: frames.reduce((sum, { report }) => sum + report.ai, 0),
      unclear: frames.reduce((sum, { report }) => sum + report.unclear, 0),
      strongest,
    };
  }
}

/** Say something to a page or a popup; one that has just gone is told nothing. */
export function tell({ port }: Pick<Frame, "port">, message: ToPage | ToPopup): void {
  try {
    port.postMessage(message);
  } catch {
    // The port closed in this very turn; its onDisconnect is on the way and tidies up.
  }
}
