import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { Chromium, hasMarks, hasNone, marked, SKIPPED, until } from "./chromium";
import { between, type Running } from "./servers";

let copies = 0;

/** A text that nobody has asked about: what was scored is remembered, and not sent again. */
function unique(name = "unique"): string {
  copies += 1;
  return `/${name}?consent${copies}`;
}

describe.skipIf(SKIPPED)("what the reader decided", () => {
  let chromium: Chromium;
  let server: Running;
  let requests = 0;

  beforeAll(async () => {
    chromium = await Chromium.connect();
    await chromium.grant("http://*/*");
    await chromium.grant("https://*/*");
    server = await between(inject("byline"), (pass) => {
      requests += 1;
      return pass();
    });
  });
  afterAll(async () => {
    await chromium.close();
    await server.stop();
  });
  beforeEach(() => chromium.reset({ server: server.origin }));

  async function hasBackground(page: Page): Promise<void> {
    await until("the background", () =>
      page.evaluate(() =>
        document.adoptedStyleSheets.some((sheet) =>
          [...sheet.cssRules].some(({ cssText }) => cssText.includes("mark-a4) { background")),
        ),
      ),
    );
  }

  /** Whether `act`, and whatever follows it within a second, sends any text. */
  async function sends(act: () => Promise<unknown>): Promise<boolean> {
    const before = requests;
    await act();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return requests > before;
  }

  async function stop(page: Page): Promise<void> {
    const tab = await chromium.tab(page);
    await chromium.control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "stop", tab: id }),
      tab,
    );
    await hasNone(page);
  }

  test("a page that was stopped stays so, whatever it loads, and with a new worker", async () => {
    await chromium.automatic();
    const page = await chromium.open(unique());
    await hasMarks(page);
    await stop(page);
    const framed = await sends(() =>
      page.evaluate((address) => {
        const frame = document.createElement("iframe");
        frame.src = address;
        document.body.prepend(frame);
      }, unique()),
    );
    expect(framed).toBe(false);
    await chromium.stopWorker();
    // As the popup does, which has all pages come to the new worker.
    expect(await sends(() => chromium.status(page))).toBe(false);
    expect((await chromium.status(page)).active).toBe(false);
    expect(await marked(page)).toEqual([]);
    // Until it is asked for, or another page is shown.
    await chromium.begin(page);
    await hasMarks(page);
    await stop(page);
    await page.reload();
    await hasMarks(page);
  });

  test("a page that comes back from the browser's cache is marked still, or can be asked for again", async () => {
    const page = await chromium.open(unique());
    const elsewhere = inject("site") + unique();
    await page.evaluate(() => {
      addEventListener("pageshow", ({ persisted }) => {
        Object.assign(globalThis, { persisted });
      });
    });
    const goAndComeBack = async () => {
      await page.goto(elsewhere);
      // Asked for, too: the page before still is.
      await chromium.begin(page);
      await hasMarks(page);
      await page.goBack();
      expect(await page.evaluate(() => (globalThis as { persisted?: boolean }).persisted)).toBe(
        true,
      );
    };
    await chromium.begin(page);
    await hasMarks(page);
    await goAndComeBack();
    await until("it is known", async () => (await chromium.status(page)).active);
    await hasMarks(page);
    await stop(page);
    await goAndComeBack();
    expect((await chromium.status(page)).active).toBe(false);
    await chromium.begin(page);
    await hasMarks(page);
  });

  /** Have the browser stop the worker, as it does when nothing happens: no page calls it back. */
  async function sleep(page: Page): Promise<void> {
    await hasMarks(page);
    await until("it rests", async () => !(await sends(() => Promise.resolve())));
    await chromium.stopWorker();
  }

  function scroll(page: Page): Promise<void> {
    return page.evaluate(() => {
      scrollTo({ top: document.body.scrollHeight, behavior: "instant" });
    });
  }

  test.each([
    ["never checked", { sitesOff: ["127.0.0.1"] }],
    ["no longer by itself", { automatic: false }],
  ])("%s: a page whose worker sleeps is stopped at once, and sends nothing", async (_, change) => {
    await chromium.automatic();
    const page = await chromium.open(unique("infinite"));
    await sleep(page);
    await chromium.set(change);
    await hasNone(page);
    expect(await sends(() => scroll(page))).toBe(false);
    expect((await chromium.status(page)).active).toBe(false);
  });

  test("a page that is stuck keeps no other from being stopped", async () => {
    const stuck = await chromium.check(unique());
    await hasMarks(stuck);
    await chromium.automatic();
    const page = await chromium.open(unique("infinite"));
    await hasMarks(page);
    // In a loop, no script of anybody's gets its turn.
    const loop = stuck.evaluate(() => {
      const end = Date.now() + 12_000;
      while (Date.now() < end);
      return end;
    });
    await chromium.set({ automatic: false });
    await hasNone(page);
    expect(await sends(() => scroll(page))).toBe(false);
    expect(Date.now()).toBeLessThan(await loop);
  });

  test("never checked: also a page that was asked for, whose worker sleeps", async () => {
    const page = await chromium.check(unique());
    await sleep(page);
    await chromium.set({ sitesOff: ["127.0.0.1"] });
    await hasNone(page);
    // Asked for again it is checked, for as long as it is shown.
    await chromium.begin(page);
    await sleep(page);
    await chromium.set({ style: "background" });
    await hasBackground(page);
    await hasMarks(page);
  });

  test("what scrolls into view as the worker wakes is sent by no page that was ruled out", async () => {
    await chromium.automatic();
    const page = await chromium.open(unique("infinite"));
    await sleep(page);
    expect(await sends(() => Promise.all([chromium.set({ automatic: false }), scroll(page)]))).toBe(
      false,
    );
    await hasNone(page);
  });

  test("style, threshold and server reach a page whose worker sleeps", async () => {
    const page = await chromium.check(unique());
    await sleep(page);
    await chromium.set({ style: "background" });
    await hasBackground(page);
    await sleep(page);
    await chromium.set({ threshold: 0.999 });
    await hasNone(page);
    await chromium.set({ threshold: 0 });
    await sleep(page);
    await chromium.set({ server: "http://127.0.0.1:1" });
    await hasNone(page);
  });

  test("a site never checked takes those below it along", async () => {
    await chromium.set({ sitesOff: ["localhost"] });
    await chromium.automatic();
    const below = inject("site").replace("127.0.0.1", "www.localhost");
    expect(await sends(() => chromium.open(below + unique()))).toBe(false);
    await chromium.set({ sitesOff: [] });
    await until("the registration", () =>
      chromium.control.evaluate(async () => {
        const [pages] = await chrome.scripting.getRegisteredContentScripts();
        return pages?.excludeMatches === undefined || pages.excludeMatches.length === 0;
      }),
    );
    await hasMarks(await chromium.open(below + unique()));
  });

  test("a site never checked is not read in a frame of another either", async () => {
    await chromium.set({ sitesOff: ["never.localhost"] });
    const page = await chromium.open("/empty");
    const within = inject("site").replace("127.0.0.1", "never.localhost") + unique();
    await page.evaluate((address) => {
      const frame = document.createElement("iframe");
      frame.src = address;
      document.body.prepend(frame);
    }, within);
    const frame = await until("the frame", () =>
      Promise.resolve(page.frames().find((one) => one.url() === within)),
    );
    expect(await sends(() => chromium.begin(page))).toBe(false);
    // Until it is taken off the list; on it again, what was marked is so no more.
    await chromium.set({ sitesOff: [] });
    await chromium.begin(page);
    await hasMarks(frame);
    await chromium.set({ sitesOff: ["never.localhost"] });
    await hasNone(frame);
    expect((await chromium.status(page)).active).toBe(true);
  });

  test("a permission taken back in the browser is a wish taken back, and can be given again", async () => {
    const options = await chromium.browser.newPage();
    await options.goto(`chrome-extension://${Chromium.id}/options.html`);
    const chosen = (value: string) =>
      until(value, () => options.$eval(`input[value="${value}"]`, (radio) => radio.checked));
    await options.locator('input[value="automatic"]').click();
    await chosen("automatic");
    await chromium.control.evaluate(() => chrome.permissions.remove({ origins: ["https://*/*"] }));
    await chosen("click");
    await options.locator('input[value="automatic"]').click();
    await chosen("automatic");
    const page = await chromium.open(unique());
    await hasMarks(page);
  });

  test("a page that the browser loads ahead of the visit is checked once it is shown", async () => {
    await chromium.automatic();
    const page = await chromium.open(unique());
    await hasMarks(page);
    // By what the tab shows now, the next page would not be checked either.
    await stop(page);
    const address = inject("site") + unique();
    const ahead = await sends(() =>
      page.evaluate((url) => {
        const rules = document.createElement("script");
        rules.type = "speculationrules";
        rules.textContent = JSON.stringify({
          prerender: [{ urls: [url], eagerness: "immediate" }],
        });
        document.head.append(rules);
      }, address),
    );
    expect(ahead).toBe(false);
    await page.evaluate((url) => {
      location.href = url;
    }, address);
    // Not by waiting for a navigation: the driver gives up where the frame is exchanged meanwhile.
    await until("it is shown, as it was loaded ahead", () =>
      page.evaluate(() => {
        const [entry] = performance.getEntriesByType("navigation");
        const { activationStart } = entry as PerformanceEntry & { activationStart: number };
        return activationStart > 0;
      }),
    );
    await hasMarks(page);
  });

  test("the keys that stop a page do so though its worker slept", async () => {
    const page = await chromium.check(unique());
    await sleep(page);
    await chromium.control.evaluate(() => chrome.runtime.sendMessage({ kind: "whole", tab: -1 }));
    await chromium.press(page, "check-page");
    await hasNone(page);
  });
});
