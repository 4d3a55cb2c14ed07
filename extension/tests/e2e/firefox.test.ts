import { spawnSync } from "node:child_process";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { EXTENSION } from "../paths";
import { hasMarks, marked, SKIPPED, statusOf, until } from "./chromium";
import { picture } from "./pictures";
import { AI } from "./site";

const UUID = "6d3f6c0e-93a1-4b7c-9d0e-6a6f1f1b5a77";

/** How many pixels of what a page shows have the colour of what is likely AI-written. */
async function amber(page: Page): Promise<number> {
  const shown = await page.screenshot({ encoding: "base64" });
  return page.evaluate(async (data) => {
    const answer = await fetch(`data:image/png;base64,${data}`);
    const image = await createImageBitmap(await answer.blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context?.drawImage(image, 0, 0);
    const pixels = context?.getImageData(0, 0, image.width, image.height).data ?? [];
    let found = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at] === 188 && pixels[at + 1] === 103 && pixels[at + 2] === 5) found += 1;
    }
    return found;
  }, shown);
}

describe.skipIf(SKIPPED)("Firefox ESR", () => {
  let browser: Browser;
  let control: Page;

  beforeAll(async () => {
    browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: inject("firefox"),
      headless: true,
      extraPrefsFirefox: {
        // Otherwise drawn by lot at each installation.
        "extensions.webextensions.uuids": JSON.stringify({ "byline@byline.invalid": UUID }),
      },
    });
    await browser.installExtension(`${EXTENSION}dist/firefox`);
    // The extension opens its options at its installation.
    control = await extensionPage("options.html");
    await control.evaluate((server) => chrome.storage.local.set({ server }), inject("byline"));
  });
  afterAll(() => browser.close());

  /** Firefox lets nobody navigate to an extension's page from outside; it is found where it is. */
  async function extensionPage(address: string): Promise<Page> {
    return until(address, async () => {
      for (const page of await browser.pages()) {
        const here = await page.evaluate(() => location.href);
        if (here === `moz-extension://${UUID}/${address}`) return page;
      }
      return null;
    });
  }

  test("installs, marks a page without touching it, and shows popup and options", async () => {
    const page = await browser.newPage();
    // The size is set first; then fails what Firefox 140 doesn't know yet, the screen's orientation.
    await page.setViewport({ width: 820, height: 600 }).catch((error: unknown) => {
      if (!String(error).includes("setScreenOrientationOverride")) throw error;
    });
    await page.goto(`${inject("site")}/article`);
    const before = await page.evaluate(() => document.documentElement.outerHTML);
    const tab = await control.evaluate(async (url) => {
      const tabs = await chrome.tabs.query({});
      return tabs.find((one) => one.url === url)?.id;
    }, page.url());
    const failed: unknown = await control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "check", tab: id }),
      tab,
    );
    expect(failed).toBeNull();
    await page.bringToFront();
    const marks = await until("marks", async () => {
      const found = await marked(page);
      return found.length > 1 && found;
    });
    // All of a paragraph is marked, at once or in sentences of unlike strength.
    const unmarked = marks.reduce((rest, { text }) => rest.replace(text, ""), AI[0] ?? "-");
    expect(unmarked.trim()).toBe("");
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);

    const status = () => statusOf(control, tab ?? 0);
    await until("a report", async () => (await status()).report.ai > 1);
    expect((await status()).state.kind).toBe("ok");
    // What is marked is painted later.
    await until("marks that are seen", async () => (await amber(page)) > 1000);
    await picture(page, "firefox");

    const address = `popup.html?tab=${tab}`;
    await control.evaluate((url) => chrome.tabs.create({ url }), address);
    const popup = await extensionPage(address);
    await until("the verdict", () =>
      popup.$eval("#verdict", (verdict) => /Likely|Unclear/.test(verdict.textContent)),
    );
    await popup.$eval("#strongest button", (button) => {
      (button as HTMLElement).click();
    });

    await control.bringToFront();
    expect(await control.$eval("#server", (input) => (input as HTMLInputElement).value)).toBe(
      inject("byline"),
    );
    await control.select("#language", "de");
    await until("German", () =>
      control.$eval("h1", (title) => title.textContent === "Byline: Optionen"),
    );

    // A content script sees the page's highlights through wrappers, and knows its own all the same.
    await page.bringToFront();
    await page.evaluate(() => {
      CSS.highlights.clear();
      scrollBy({ top: 1, behavior: "instant" });
    });
    await hasMarks(page);
    await control.evaluate((id) => chrome.runtime.sendMessage({ kind: "stop", tab: id }), tab);
    await until("no highlights", () => page.evaluate(() => CSS.highlights.size === 0));
  });

  test("marks closed shadow trees", async () => {
    const page = await browser.newPage();
    await page.goto(`${inject("site")}/shadows`);
    await control.evaluate(async (url) => {
      const tabs = await chrome.tabs.query({});
      const id = tabs.find((one) => one.url === url)?.id;
      await chrome.runtime.sendMessage({ kind: "check", tab: id });
    }, page.url());
    await page.bringToFront();
    await until("marks in three trees", async () => (await marked(page)).length >= 3);
    const adopted = await page.evaluate(() => {
      const { root0, root1, root2 } = globalThis as unknown as Record<string, ShadowRoot>;
      return [root0, root1, root2].map((root) => root?.adoptedStyleSheets.length);
    });
    expect(adopted).toEqual([1, 1, 1]);
  });

  test("web-ext finds no error in the build", () => {
    const lint = spawnSync(
      "node_modules/.bin/web-ext",
      ["lint", "--source-dir", "dist/firefox", "--output", "json", "--no-config-discovery"],
      { cwd: EXTENSION, encoding: "utf8" },
    );
    const report = JSON.parse(lint.stdout) as {
      errors: unknown[];
      warnings: { code: string; message: string }[];
    };
    expect(report.errors).toEqual([]);
    // Chrome's way into closed shadow roots; Firefox's own is taken where it is.
    expect(report.warnings.map(({ message }) => message)).toEqual([
      "dom.openOrClosedShadowRoot is not supported",
    ]);
  });
});
