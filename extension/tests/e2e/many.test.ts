import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Chromium, SKIPPED, until } from "./chromium";
import { between, type Running } from "./servers";

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds: by the clock, and of the thread's own time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly data?: { readonly url?: string } };
}

const LONG_TASK = 50;

describe.skipIf(SKIPPED)("a page of 5,000 paragraphs", () => {
  let chromium: Chromium;
  let server: Running;
  let page: Page;
  let firstAnswer = 0;

  beforeAll(async () => {
    chromium = await Chromium.connect();
    server = await between(inject("byline"), async (pass) => {
      await pass();
      firstAnswer ||= Date.now();
    });
    await chromium.set({ server: server.origin });
    page = await chromium.open("/many");
    // What the page needs to settle is its own.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  });
  afterAll(async () => {
    await chromium.close();
    await server.stop();
  });

  async function go(share: number): Promise<void> {
    await page.evaluate((to) => {
      scrollTo({ top: (document.body.scrollHeight - innerHeight) * to, behavior: "instant" });
    }, share);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  async function heap(): Promise<number> {
    const session = await page.createCDPSession();
    await session.send("HeapProfiler.collectGarbage");
    await session.detach();
    return (await page.metrics()).JSHeapUsedSize ?? Number.NaN;
  }

  async function ranges(): Promise<number> {
    return page.evaluate(() =>
      [...CSS.highlights.values()].reduce((sum, highlight) => sum + highlight.size, 0),
    );
  }

  test("has no long task, and its first marks within a second of the first answer", async () => {
    await page.tracing.start({ categories: ["devtools.timeline", "toplevel"] });
    const first = page
      .waitForFunction(() => [...CSS.highlights.values()].some(({ size }) => size > 0))
      .then(() => Date.now());
    await chromium.begin(page);
    const firstMark = await first;
    expect(firstMark - firstAnswer).toBeLessThan(1_000);
    await until("all is read", async () => {
      return (await chromium.status(page)).report.words.waiting > 300_000;
    });
    for (let n = 1; n <= 10; n += 1) await go(n / 100);
    const trace = JSON.parse(new TextDecoder().decode(await page.tracing.stop())) as {
      traceEvents: TraceEvent[];
    };
    const injected = trace.traceEvents.find(({ args }) => args.data?.url?.endsWith("/content.js"));
    // The page has no script at work: every task of its thread is the extension's, or this test's.
    const tasks = trace.traceEvents.filter(
      ({ name, pid, tid }) =>
        name.endsWith("RunTask") && pid === injected?.pid && tid === injected.tid,
    );
    expect(tasks.length).toBeGreaterThan(100);
    // The thread's own time: by the clock, a busy machine would be measured along with it.
    const longest = Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
    expect(longest).toBeLessThan(LONG_TASK);
  });

  test("is scrolled through to its end in level memory, with few ranges at a time", async () => {
    for (let n = 1; n <= 10; n += 1) await go(n / 40);
    const quarter = await heap();
    for (let n = 11; n <= 40; n += 1) {
      await go(n / 40);
      expect(await ranges()).toBeLessThanOrEqual(400);
    }
    await until("marks at the end", async () => (await ranges()) > 0);
    // What was asked for last may be on its way still: it goes, a leak stays.
    await until("level memory", async () => (await heap()) / quarter < 1.15);
  });
});
