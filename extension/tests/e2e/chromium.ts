/** The shared Chromium, and what a test does with it. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import puppeteer, {
  type Browser,
  type Frame,
  type Page,
  type Protocol,
  TargetType,
  type WebWorker,
} from "puppeteer-core";
import { inject } from "vitest";
import type { TabStatus } from "../../src/shared/messages";
import type { Settings } from "../../src/shared/settings";
import { EXTENSION } from "../paths";

export const SKIPPED = inject("chromium") === "";

/** Chrome derives an extension's id from its key. */
function extensionId(): string {
  const { key } = JSON.parse(readFileSync(`${EXTENSION}dist/chrome/manifest.json`, "utf8")) as {
    key: string;
  };
  const hash = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 32);
  return hash.replace(/./g, (digit) => String.fromCharCode(97 + parseInt(digit, 16)));
}

export interface Marked {
  readonly name: string;
  readonly text: string;
}

/** Wait until `probe` gives something, and give it back. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false>,
  limit = 20_000,
): Promise<T> {
  const end = Date.now() + limit;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== null && found !== undefined && found !== false) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms (${String(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

/** What is highlighted in a frame, as the page itself can see it. */
export async function marked(frame: Page | Frame): Promise<Marked[]> {
  return frame.evaluate(() =>
    [...CSS.highlights].flatMap(([name, highlight]) =>
      [...highlight].map((range) => ({ name, text: (range as Range).toString() })),
    ),
  );
}

export async function hasMarks(frame: Page | Frame, limit?: number): Promise<void> {
  await until("marks", async () => (await marked(frame)).length > 0, limit);
}

export async function hasNone(frame: Page | Frame): Promise<void> {
  await until("no marks", async () => (await marked(frame)).length === 0);
}

/** What a popup would be told about a tab; `control` is a page of the extension. */
export async function statusOf(control: Page, tab: number): Promise<TabStatus> {
  return control.evaluate(
    (id) =>
      new Promise<TabStatus>((resolve) => {
        const port = chrome.runtime.connect({ name: `popup:${id}` });
        port.onMessage.addListener((message: { status: TabStatus }) => {
          port.disconnect();
          resolve(message.status);
        });
      }),
    tab,
  );
}

type Node = Protocol.DOM.Node;

function textOf(node: Node): string {
  return [node.nodeType === 3 ? node.nodeValue : "", ...(node.children ?? []).map(textOf)].join(
    " ",
  );
}

function nodesOf(node: Node, name: string): Node[] {
  const below = [...(node.children ?? []), ...(node.shadowRoots ?? [])];
  return [
    ...(node.attributes?.includes(name) ? [node] : []),
    ...below.flatMap((child) => nodesOf(child, name)),
  ];
}

function cardText(node: Node): string | null {
  if (node.attributes?.includes("card")) return textOf(node).replace(/\s+/g, " ").trim();
  const below = [...(node.children ?? []), ...(node.shadowRoots ?? [])];
  for (const child of below) {
    const found = cardText(child);
    if (found !== null) return found;
  }
  return null;
}

export class Chromium {
  private constructor(
    readonly browser: Browser,
    /** A page of the extension, with all its rights. */
    readonly control: Page,
  ) {}

  static readonly id = SKIPPED ? "" : extensionId();

  static async connect(): Promise<Chromium> {
    const browser = await puppeteer.connect({
      browserWSEndpoint: inject("chromium"),
      defaultViewport: { width: 820, height: 600 },
    });
    const control = await browser.newPage();
    await control.goto(`chrome-extension://${Chromium.id}/options.html`);
    const chromium = new Chromium(browser, control);
    await chromium.reset();
    return chromium;
  }

  /** All as after the installation, but with the tests' server. */
  async reset(change: Partial<Settings> = {}): Promise<void> {
    for (const page of await this.browser.pages()) if (page !== this.control) await page.close();
    const givesBack = await this.control.evaluate(
      async (settings) => {
        const { automatic, sitesOn } = await chrome.storage.local.get(["automatic", "sitesOn"]);
        const held = await chrome.permissions.contains({ origins: ["https://*/*"] });
        await chrome.storage.local.clear();
        await chrome.storage.local.set(settings);
        return (automatic === true || (Array.isArray(sitesOn) && sitesOn.length > 0)) && held;
      },
      { server: inject("byline"), ...change },
    );
    if (givesBack) {
      // The worker notes what it is still permitted; it would undo what a test wishes before.
      await until("the permission is given back", () =>
        this.control.evaluate(
          async () => "automatic" in (await chrome.storage.local.get("automatic")),
        ),
      );
    }
    await this.control.emulateMediaFeatures([]);
  }

  async set(change: Partial<Settings>): Promise<void> {
    await this.control.evaluate((settings) => chrome.storage.local.set(settings), change);
  }

  /** Have every page checked by itself, as the options do once the permission is granted. */
  async automatic(): Promise<void> {
    await this.set({ automatic: true });
    await until("the registration", () =>
      this.control.evaluate(
        async () => (await chrome.scripting.getRegisteredContentScripts()).length > 0,
      ),
    );
  }

  async open(address: string): Promise<Page> {
    const page = await this.browser.newPage();
    await page.goto(address.startsWith("/") ? inject("site") + address : address);
    return page;
  }

  async tab(page: Page): Promise<number> {
    await page.bringToFront();
    const url = page.url();
    return this.control.evaluate(async (wanted) => {
      const tabs = await chrome.tabs.query({});
      // The browser's own pages tell their address to nobody, but only one is open.
      const web = wanted.startsWith("http");
      const fits = tabs.filter((tab) => (web ? tab.url === wanted : tab.url === undefined));
      const id = fits.at(-1)?.id;
      if (id === undefined) throw new Error(`no tab shows ${wanted}`);
      return id;
    }, url);
  }

  /** Open a page and have it checked, as the popup's button does. */
  async check(address: string): Promise<Page> {
    const page = await this.open(address);
    await this.begin(page);
    return page;
  }

  async begin(page: Page): Promise<void> {
    const tab = await this.tab(page);
    const failed: unknown = await this.control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "check", tab: id }),
      tab,
    );
    if (failed !== null) throw new Error(`not checked: ${JSON.stringify(failed)}`);
  }

  /** The popup in a window of its own, so that the page stays in view as under a real one. */
  async popup(page: Page): Promise<Page> {
    const tab = await this.tab(page);
    const address = `chrome-extension://${Chromium.id}/popup.html?tab=${tab}`;
    await this.control.evaluate(async (url) => {
      await chrome.windows.create({ url, type: "popup", width: 380, height: 700 });
    }, address);
    const target = await this.browser.waitForTarget((one) => one.url() === address);
    const popup = await target.page();
    if (!popup) throw new Error("the popup has no page");
    await popup.setViewport({ width: 340, height: 620 });
    await page.bringToFront();
    return popup;
  }

  async status(page: Page): Promise<TabStatus> {
    return statusOf(this.control, await this.tab(page));
  }

  async badge(page: Page): Promise<{ text: string; title: string }> {
    const tab = await this.tab(page);
    return this.control.evaluate(
      async (tabId) => ({
        text: await chrome.action.getBadgeText({ tabId }),
        title: await chrome.action.getTitle({ tabId }),
      }),
      tab,
    );
  }

  async worker(): Promise<WebWorker> {
    const target = await this.browser.waitForTarget(
      (one) => one.type() === TargetType.SERVICE_WORKER && one.url().includes(Chromium.id),
    );
    const worker = await target.worker();
    if (!worker) throw new Error("the service worker has no context");
    return worker;
  }

  /** The reader's keys, as the browser tells the worker of them. */
  async press(page: Page, command: string): Promise<void> {
    await this.dispatch(page, "commands", "onCommand", command);
  }

  /** The entry of the context menu; `selectionText` is what the browser says is selected. */
  async checkSelection(page: Page, selectionText = ""): Promise<void> {
    const info = { menuItemId: "selection", frameId: 0, selectionText };
    await this.dispatch(page, "contextMenus", "onClicked", info);
  }

  /** Tell the worker what happened in a page's tab, as the browser does. */
  private async dispatch(
    page: Page,
    api: "commands" | "contextMenus",
    event: "onCommand" | "onClicked",
    what: unknown,
  ): Promise<void> {
    const tab = await this.tab(page);
    const worker = await this.worker();
    await worker.evaluate(
      async (id, apiName, eventName, happened) => {
        interface Event {
          dispatch: (what: unknown, tab: unknown) => void;
        }
        const apis = chrome as unknown as Record<typeof api, Record<typeof event, Event>>;
        apis[apiName][eventName].dispatch(happened, await chrome.tabs.get(id));
      },
      tab,
      api,
      event,
      what,
    );
  }

  /** As the browser does when a worker has been idle. One that `worker` gave to a test would stay. */
  async stopWorker(): Promise<void> {
    const workers = () =>
      this.browser.targets().filter((one) => one.type() === TargetType.SERVICE_WORKER);
    const running = workers();
    const session = await this.control.createCDPSession();
    await session.send("ServiceWorker.enable");
    await session.send("ServiceWorker.stopAllWorkers");
    await session.detach();
    await until("it stops", () =>
      Promise.resolve(!workers().some((worker) => running.includes(worker))),
    );
  }

  /** Grant an optional permission as the reader would in the browser's own prompt. */
  async grant(pattern: string): Promise<void> {
    const page = await this.browser.newPage();
    await page.goto("chrome://extensions");
    await page.evaluate(
      (id, origin) =>
        new Promise<void>((resolve) => {
          const { developerPrivate } = chrome as unknown as {
            developerPrivate: {
              addHostPermission: (id: string, origin: string, then: () => void) => void;
            };
          };
          developerPrivate.addHostPermission(id, origin, resolve);
        }),
      Chromium.id,
      pattern,
    );
    await page.close();
    // The browser knows now that the reader agreed, and asks no more.
    await this.control.evaluate(
      (origin) => chrome.permissions.request({ origins: [origin] }),
      pattern,
    );
  }

  /** The tooltip's text, from its closed shadow root; null where none is shown. */
  async tooltip(page: Page): Promise<string | null> {
    const session = await page.createCDPSession();
    const { root } = await session.send("DOM.getDocument", { depth: -1, pierce: true });
    await session.detach();
    return cardText(root);
  }

  /** Where the bars stand, in the closed shadow root too; none where they are not rendered. */
  async bars(page: Page): Promise<{ top: number; bottom: number }[]> {
    return (await this.boxes(page, "bar")).map(([, top = 0, , , , bottom = 0]) => ({
      top,
      bottom,
    }));
  }

  /** The upper left corner of the tooltip, or of a part of it. */
  async tip(page: Page, part = "tip"): Promise<{ left: number; top: number }> {
    const [[left, top] = []] = await this.boxes(page, part);
    if (left === undefined || top === undefined) throw new Error("no tooltip is shown");
    return { left, top };
  }

  private async boxes(page: Page, name: string): Promise<Protocol.DOM.Quad[]> {
    const session = await page.createCDPSession();
    const { root } = await session.send("DOM.getDocument", { depth: -1, pierce: true });
    const found: Protocol.DOM.Quad[] = [];
    for (const { nodeId } of nodesOf(root, name)) {
      const { quads } = await session.send("DOM.getContentQuads", { nodeId });
      found.push(...quads);
    }
    await session.detach();
    return found;
  }

  async close(): Promise<void> {
    for (const page of await this.browser.pages()) if (page !== this.control) await page.close();
    await this.control.close().catch(() => undefined);
    await this.browser.disconnect();
  }
}
