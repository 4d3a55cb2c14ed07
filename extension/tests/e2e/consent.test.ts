import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { Chromium, marked, SKIPPED, until } from "./chromium";
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

  async function hasMarks(page: Page): Promise<void> {
    await until("marks", async () => (await marked(page)).length > 0);
  }

  async function hasNone(page: Page): Promise<void> {
    await until("no marks", async () => (await marked(page)).length === 0);
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
});
