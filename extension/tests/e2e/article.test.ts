import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Chromium, marked, SKIPPED, until } from "./chromium";
import { AI, HUMAN, PARAGRAPHS } from "./site";

describe.skipIf(SKIPPED)("an article", () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.connect();
  });
  afterAll(() => chromium.close());

  test("is marked where the server says, and stays as it was", async () => {
    const page = await chromium.open("/article");
    const before = await page.evaluate(() => document.documentElement.outerHTML);
    await chromium.begin(page);
    const marks = await until("marks", async () => {
      const found = await marked(page);
      return found.length >= 2 && found;
    });
    console.log(marks, AI.length, HUMAN.length, PARAGRAPHS.length, inject("byline"));
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);
    console.log(JSON.stringify(await chromium.status(page), null, 1), await chromium.badge(page));
    await page.screenshot({ path: "/tmp/article.png" });
    const popup = await chromium.popup(page);
    await until("x", async () =>
      popup.evaluate(() => document.querySelectorAll("#strongest li").length > 0),
    );
    await popup.screenshot({ path: "/tmp/popup.png", fullPage: true });
    await chromium.control.screenshot({ path: "/tmp/options.png", fullPage: true });
  });
});
