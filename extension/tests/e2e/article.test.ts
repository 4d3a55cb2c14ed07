import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import type { Score } from "../../src/shared/score";
import { Chromium, hasNone, marked, SKIPPED, until } from "./chromium";
import { picture } from "./pictures";
import { PARAGRAPHS } from "./site";

/** What the server says when it is asked directly. */
async function scores(texts: readonly string[]): Promise<Score[]> {
  const response = await fetch(`${inject("byline")}/v1/score`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      texts: texts.map((text, n) => ({ id: `${n}`, text })),
      detail: "sentence",
      offset_encoding: "utf-16",
    }),
  });
  return ((await response.json()) as { results: Score[] }).results;
}

describe.skipIf(SKIPPED)("an article", () => {
  let chromium: Chromium;
  let page: Page;
  let before: string;

  beforeAll(async () => {
    chromium = await Chromium.connect();
  });
  afterAll(() => chromium.close());
  beforeEach(async () => {
    await chromium.reset();
    page = await chromium.open("/article");
    before = await page.evaluate(() => document.documentElement.outerHTML);
    await chromium.begin(page);
    const popup = await chromium.popup(page);
    await popup.locator("#whole").click();
    await until("the whole page", async () => {
      const { words } = (await chromium.status(page)).report;
      return words.waiting === 0 && words.ai > 0;
    });
    await popup.close();
    await page.bringToFront();
  });

  /** Scroll through the page, down to its end, and look at each place. */
  async function everywhere(look: () => Promise<void>): Promise<void> {
    const height = await page.evaluate(() => document.body.scrollHeight);
    for (let y = 0; y < height; y += 600) {
      await page.evaluate((top) => {
        scrollTo({ top, behavior: "instant" });
      }, y);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await look();
    }
  }

  /** Everything that is marked anywhere on the page. */
  async function allMarked(): Promise<{ name: string; text: string }[]> {
    const found = new Map<string, { name: string; text: string }>();
    await everywhere(async () => {
      for (const one of await marked(page)) found.set(`${one.name} ${one.text}`, one);
    });
    return [...found.values()];
  }

  test("is marked sentence by sentence as the server says, and nowhere else", async () => {
    const marks = await allMarked();
    const texts = PARAGRAPHS.map(({ text }) => text.replace(/\s+/g, " "));
    const expected = await scores(texts);
    expect(new Set(expected.map(({ verdict }) => verdict))).toEqual(
      new Set(["ai", "human", "unclear"]),
    );
    for (const [index, text] of texts.entries()) {
      const { verdict, sentences } = expected[index]!;
      const here = marks.filter((mark) => text.includes(mark.text.replace(/\s+/g, " ")));
      if (verdict === "human") {
        expect(here, text).toEqual([]);
        continue;
      }
      const kind = verdict === "ai" ? /^mark-a[1-4]$/ : /^mark-u[1-4]$/;
      for (const { name } of here) expect(name).toMatch(kind);
      for (const sentence of sentences) {
        const own = text.slice(sentence.start, sentence.end);
        const covered = here.some((mark) => mark.text.replace(/\s+/g, " ").includes(own));
        expect(covered, own).toBe(sentence.verdict !== "human");
      }
    }
    const all = texts.join("\n");
    for (const { text } of marks) expect(all).toContain(text.replace(/\s+/g, " "));
  });

  test("keeps its markup to the last letter, also when the marks are gone", async () => {
    await allMarked();
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);
    const tab = await chromium.tab(page);
    await chromium.control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "stop", tab: id }),
      tab,
    );
    await hasNone(page);
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);
    expect(await page.evaluate(() => document.adoptedStyleSheets.length)).toBe(0);
  });

  test("leaves navigation, code, forms, editors and hidden text alone", async () => {
    const found: string[] = [];
    await everywhere(async () => {
      const places = await page.evaluate(() => {
        const left = [...document.querySelectorAll("nav, pre, form, [contenteditable], [hidden]")];
        return [...CSS.highlights.values()]
          .flatMap((highlight) => [...highlight])
          .flatMap((range) => left.filter((element) => element.contains(range.startContainer)))
          .map(({ localName }) => localName);
      });
      found.push(...places);
    });
    expect(found).toEqual([]);
  });

  test("says under the pointer what a mark stands for, and takes it back", async () => {
    const box = await page.evaluate(() => {
      const range = [
        ...CSS.highlights.get("mark-a3")!,
        ...CSS.highlights.get("mark-a4")!,
      ][0] as Range;
      range.startContainer.parentElement?.scrollIntoView({ block: "center", behavior: "instant" });
      const { left, top } = range.getClientRects()[1] ?? range.getBoundingClientRect();
      return { left, top };
    });
    await page.mouse.move(box.left + 150, box.top + 8);
    const tip = await until("the tooltip", () => chromium.tooltip(page));
    expect(tip).toMatch(
      /^Likely AI-written \(AI probability \d\d%\) \d+ words of this passage were scored\. .*not proof/,
    );
    await picture(page, "article");
    await page.keyboard.press("Escape");
    await until("no tooltip", async () => (await chromium.tooltip(page)) === null);
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);
  });

  test("shows marks in three styles, in the dark too", async () => {
    // One that is likely AI-written, and an unclear one below it.
    await page.evaluate(() => {
      document.querySelectorAll("article p")[3]?.scrollIntoView({ behavior: "instant" });
    });
    for (const style of ["background", "margin"] as const) {
      await chromium.set({ style });
      await new Promise((resolve) => setTimeout(resolve, 500));
      await picture(page, style);
    }
    // The bars are the one thing that needs an element: beside the body, never in it.
    const bars = await page.evaluate(() => document.documentElement.lastElementChild?.localName);
    expect(bars).toBe("div");
    expect(await page.evaluate(() => document.body.outerHTML)).toBe(
      /<body>[^]*<\/body>/.exec(before)?.[0],
    );
    await chromium.set({ style: "underline" });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await until("no bars", () =>
      page.evaluate(() => document.documentElement.lastElementChild?.localName === "body"),
    );
    await picture(page, "dark");
  });

  test("has fewer marks under a higher threshold, and the same verdicts", async () => {
    const many = (await chromium.status(page)).report;
    await chromium.set({ threshold: 0.97 });
    const fewer = await until("a report", async () => {
      const { report } = await chromium.status(page);
      return report.unclear === 0 && report;
    });
    expect(many.unclear).toBeGreaterThan(0);
    expect(fewer.words).toEqual(many.words);
    expect((await allMarked()).every(({ name }) => name.startsWith("mark-a"))).toBe(true);
  });

  test("counts its passages on the button", async () => {
    const { report } = await chromium.status(page);
    expect(report.ai).toBeGreaterThan(2);
    expect(await chromium.badge(page)).toEqual({
      text: `${report.ai}`,
      title: `Byline: passages likely AI-written: ${report.ai}`,
    });
  });
});
