import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Chromium, hasMarks, hasNone, SKIPPED, until } from "./chromium";
import { HUMAN } from "./site";

describe.skipIf(SKIPPED)("a tooltip speaks of its own passage", () => {
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    chromium = await Chromium.connect();
  });
  afterAll(() => chromium.close());
  beforeEach(async () => {
    await chromium.reset();
    page = await chromium.check("/article");
    await hasMarks(page);
  });

  async function hasTip(): Promise<void> {
    await until("the tooltip", () => chromium.tooltip(page));
  }

  async function hasNoTip(): Promise<void> {
    await until("no tooltip", async () => (await chromium.tooltip(page)) === null);
  }

  /** A place within a mark that is on the screen. */
  async function mark(): Promise<{ x: number; y: number }> {
    return page.evaluate(() => {
      const ranges = [...CSS.highlights.values()].flatMap((one) => [...one]) as Range[];
      const boxes = ranges.flatMap((range) => [...range.getClientRects()]);
      const { left, top } = boxes.find((box) => box.top >= 0 && box.bottom <= innerHeight)!;
      return { x: left + 40, y: top + 8 };
    });
  }

  async function point(): Promise<void> {
    const { x, y } = await mark();
    await page.mouse.move(x, y);
  }

  /** As the key does. */
  async function next(): Promise<void> {
    const tab = await chromium.tab(page);
    await chromium.control.evaluate((id) => chrome.tabs.sendMessage(id, { kind: "next" }), tab);
  }

  test("not of what was scrolled to in its place", async () => {
    await point();
    await hasTip();
    await page.mouse.wheel({ deltaY: 400 });
    await hasNoTip();
  });

  test("also on a page that was written anew, which takes its listeners off", async () => {
    await page.evaluate(() => {
      const { outerHTML } = document.documentElement;
      document.open();
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- pages do it all the same
      document.write(outerHTML);
      document.close();
    });
    const { x, y } = await until("marks anew", mark);
    await page.mouse.move(x, y);
    await hasTip();
  });

  test("in a modal dialog, too, where a screen reader knows of nothing else", async () => {
    await page.evaluate((text) => {
      const dialog = document.body.appendChild(document.createElement("dialog"));
      dialog.append(Object.assign(document.createElement("p"), { textContent: text }));
      dialog.showModal();
      document.getSelection()!.selectAllChildren(dialog);
    }, HUMAN[0]!);
    await chromium.checkSelection(page);
    const session = await page.createCDPSession();
    await until("it is said", async () => {
      const { nodes } = await session.send("Accessibility.getFullAXTree");
      const status = nodes.find(({ role }) => role?.value === "status");
      return status?.childIds?.length;
    });
    await session.detach();
    const { left, top } = await chromium.tip(page);
    const hit = (x: number, y: number) => document.elementFromPoint(x, y)?.localName;
    expect(await page.evaluate(hit, left + 20, top + 20)).toBe("div");
  });

  test("and stays while the pointer is on it", async () => {
    const { x, y } = await mark();
    await page.mouse.move(x, y);
    await hasTip();
    const before = await chromium.tip(page);
    const middle = { x: before.left + 30, y: before.top + 30 };
    // A slow hand, that rests beside both on its way.
    await page.mouse.move(5, y);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await page.mouse.move(middle.x, middle.y);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await chromium.tip(page)).toEqual(before);
    await page.mouse.move(5, 5);
    await hasNoTip();
  });

  test("from left to right, also on a page that runs from right to left", async () => {
    await page.evaluate(() => {
      document.documentElement.dir = "rtl";
    });
    await next();
    await hasTip();
    const [tip, sign] = [await chromium.tip(page), await chromium.tip(page, "sign")];
    expect(sign.left - tip.left).toBeLessThan(50);
  });

  test("and stays where it was led to, until that moves", async () => {
    await next();
    await hasTip();
    const first = await page.evaluate(() => scrollY);
    await page.mouse.move(5, 5);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await hasTip();
    await page.evaluate(() => {
      scrollBy({ top: 300, behavior: "instant" });
    });
    await hasNoTip();
    // The walk goes on all the same.
    await next();
    await hasTip();
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(first + 50);
  });

  test("not of the page that took its place", async () => {
    await next();
    await hasTip();
    await page.evaluate((text) => {
      scrollTo({ top: 0, behavior: "instant" });
      document.body.innerHTML = "<p></p>";
      document.querySelector("p")!.textContent = text;
    }, HUMAN[0]!);
    await hasNoTip();
  });

  test("not of a page that was stopped on the way to it", async () => {
    await next();
    const tab = await chromium.tab(page);
    await chromium.control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "stop", tab: id }),
      tab,
    );
    await hasNone(page);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await chromium.tooltip(page)).toBeNull();
  });

  test("not of a dialog that covers it", async () => {
    const { x, y } = await mark();
    await page.evaluate(() => {
      const dialog = document.createElement("dialog");
      dialog.style.cssText = "position: fixed; inset: 0; width: 90%; height: 90%";
      document.body.append(dialog);
      dialog.showModal();
    });
    await page.mouse.move(x, y);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await chromium.tooltip(page)).toBeNull();
    await page.evaluate(() => {
      document.querySelector("dialog")!.close();
    });
    await page.mouse.move(x + 2, y);
    await hasTip();
  });
});
