/** The line to the service worker, which the browser stops and starts as it likes. */

import { PAGE_PORT, type FromPage, type ToPage } from "../shared/messages";

const RECONNECT = 1_000;

export interface Ends {
  readonly hear: (message: ToPage) => void;
  /** Whether this page is being checked: told to a worker that knows nothing of it. */
  readonly isActive: () => boolean;
  /** Asked when the line broke: whether somebody still waits for an answer. */
  readonly isWaiting: () => boolean;
  /** A new line stands where one had broken: ask again. */
  readonly again: () => void;
  /** The extension was removed or replaced; nobody will ever answer. */
  readonly orphaned: () => void;
}

export class Link {
  private port: chrome.runtime.Port | null = null;
  /** Whether there was a line before this one. */
  private hadLine = false;
  /** Whether the page is in the browser's cache, or on its way there. */
  private away = false;

  constructor(private readonly ends: Ends) {}

  say(message: FromPage): void {
    this.open()?.postMessage(message);
  }

  /** The line, opened if it isn't. */
  open(): chrome.runtime.Port | null {
    // A page that leaves would be taken for the one that comes, and be stopped.
    if (this.port || this.away) return this.port;
    if (!this.isAlive()) return null;
    const port = chrome.runtime.connect({ name: PAGE_PORT });
    this.port = port;
    port.onMessage.addListener((message: ToPage) => {
      this.ends.hear(message);
    });
    port.onDisconnect.addListener(() => {
      if (this.port === port) this.port = null;
      setTimeout(() => {
        if (this.isAlive() && this.ends.isWaiting()) this.open();
      }, RECONNECT);
    });
    port.postMessage({ kind: "here", active: this.ends.isActive() } satisfies FromPage);
    // Whoever opened it: what was asked on the line before died with it.
    if (this.hadLine) this.ends.again();
    this.hadLine = true;
    return port;
  }

  /** Whether the extension is still there; whoever finds it gone clears up. */
  isAlive(): boolean {
    // A content script of an extension that is gone has lost its id.
    if ((chrome.runtime as Partial<typeof chrome.runtime> | undefined)?.id) return true;
    this.ends.orphaned();
    return false;
  }

  leave(): void {
    this.away = true;
    this.port?.disconnect();
    this.port = null;
  }

  comeBack(): void {
    this.away = false;
  }
}
