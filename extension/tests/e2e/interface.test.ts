import type { Frame, Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { Chromium, hasMarks, hasNone, marked, SKIPPED, until } from "./chromium";
import { picture } from "./pictures";
import { between, listen, startByline } from "./servers";

const SITE = "127.0.0.1";

describe.skipIf(SKIPPED)("popup, options, menu, command", () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await Chromium.connect();
    await chromium.grant("http://*/*");
    await chromium.grant("https://*/*");
  });
  afterAll(() => chromium.close());
  beforeEach(() => chromium.reset());

  async function text(page: Page, selector: string): Promise<string> {
    return page.$eval(selector, (element) => element.textContent);
  }

  async function options(): Promise<Page> {
    const page = await chromium.browser.newPage();
    await page.goto(`chrome-extension://${Chromium.id}/options.html`);
    await page.waitForFunction(() => document.title.startsWith("Byline"));
    return page;
  }

  async function stored(): Promise<Record<string, unknown>> {
    return chromium.control.evaluate(() => chrome.storage.local.get(null));
  }

  test("the popup checks the page, names its verdict, and leads to a passage", async () => {
    const page = await chromium.open("/article");
    const popup = await chromium.popup(page);
    await until("the site", async () => (await text(popup, "#site-name")).includes(SITE));
    expect(await marked(page)).toEqual([]);
    await popup.locator("#check").click();
    await popup.locator("#whole").click();
    const verdict = await until("a verdict", async () => {
      const line = await text(popup, "#verdict");
      return line !== "" && !line.startsWith("So far") && !line.startsWith("Nothing") && line;
    });
    expect(verdict).toMatch(/^Likely AI-written (for the most part|in part)$/);
    expect(await text(popup, "#coverage")).toMatch(/^\d+ of \d+ words judged · too short: \d+$/);
    expect(await popup.$eval("#bar", (bar) => bar.ariaLabel)).toMatch(
      /^Of the words judged: \d+% likely AI-written, \d+% unclear, \d+% likely human$/,
    );
    await popup.$eval("#legend", (legend) => {
      (legend as HTMLDetailsElement).open = true;
    });
    await picture(popup, "popup", true);

    const buttons = await popup.$$eval("#strongest button", (all) =>
      all.map((button) => button.textContent),
    );
    expect(buttons.length).toBeGreaterThan(3);
    const wanted = buttons.findIndex((line) => line.includes("Plant-based protein"));
    await page.bringToFront();
    await page.evaluate(() => {
      scrollTo({ top: 0, behavior: "instant" });
    });
    await popup.$$eval(
      "#strongest button",
      (all, index) => {
        (all[index] as HTMLElement).click();
      },
      wanted,
    );
    const tip = await until("the tooltip", () => chromium.tooltip(page));
    expect(tip).toMatch(/^Likely AI-written/);
    const seen = await page.evaluate(() => {
      const all = [...document.querySelectorAll("p")];
      const { top, bottom } = all
        .find((one) => one.textContent.startsWith("Plant-based protein"))!
        .getBoundingClientRect();
      return top >= -20 && bottom <= innerHeight + 20;
    });
    expect(seen).toBe(true);

    await popup.locator("#check").click();
    await hasNone(page);
  });

  test("the popup's switch has a site checked by itself, and never", async () => {
    const page = await chromium.open("/plain");
    const popup = await chromium.popup(page);
    await popup.locator("#site").click();
    await hasMarks(page);
    expect(await stored()).toMatchObject({ sitesOn: [SITE], sitesOff: [] });
    // The next visit needs no click.
    await page.reload();
    await hasMarks(page);

    await popup.bringToFront();
    await until("it is on", () => popup.$eval("#site", (box) => (box as HTMLInputElement).checked));
    await popup.locator("#site").click();
    await hasNone(page);
    expect(await stored()).toMatchObject({ sitesOn: [], sitesOff: [SITE] });
    expect((await chromium.badge(page)).text).toBe("off");
    await page.reload();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await marked(page)).toEqual([]);
  });

  /** A popup whose switch was clicked, before a prompt of which the reader says no, or nothing. */
  async function wish(page: Page, declines: boolean): Promise<Page> {
    const popup = await chromium.popup(page);
    await until("the site", async () => (await text(popup, "#site-name")).includes(SITE));
    await popup.evaluate((no) => {
      chrome.permissions.request = () =>
        no ? Promise.resolve(false) : new Promise(() => undefined);
    }, declines);
    await popup.locator("#site").click();
    const line = declines ? "Without the permission" : "The browser asks";
    await until(line, async () => (await text(popup, "#denied")).startsWith(line));
    return popup;
  }

  test("a site whose permission is declined is as it was before", async () => {
    await chromium.set({ sitesOff: [SITE] });
    const before = await stored();
    const popup = await wish(await chromium.open("/plain"), true);
    expect(await stored()).toEqual(before);
    expect(await popup.$eval("#site", (box) => (box as HTMLInputElement).checked)).toBe(false);
  });

  test("a site taken from the list is no longer checked", async () => {
    const page = await chromium.open("/plain");
    await chromium.set({ sitesOn: [SITE] });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await page.reload();
    await hasMarks(page);
    await chromium.set({ sitesOn: [] });
    await hasNone(page);
    expect((await chromium.status(page)).active).toBe(false);
  });

  test("the page after one that was asked for is not checked, even by a new worker", async () => {
    const page = await chromium.check("/plain");
    await hasMarks(page);
    await chromium.stopWorker();
    await page.goto(page.url().replace("/plain", "/article"));
    const tab = await chromium.tab(page);
    // As the context menu does: the script comes, and only what is selected may be looked at.
    await chromium.control.evaluate(
      (tabId) => chrome.scripting.executeScript({ target: { tabId }, files: ["content.js"] }),
      tab,
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await chromium.status(page)).active).toBe(false);
    expect(await marked(page)).toEqual([]);
  });

  test("the popup's threshold hides marks", async () => {
    const page = await chromium.check("/plain");
    await hasMarks(page);
    const popup = await chromium.popup(page);
    await popup.$eval("#threshold", (slider) => {
      const input = slider as HTMLInputElement;
      input.value = "0.99";
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(await stored()).toMatchObject({ threshold: 0.99 });
    await chromium.set({ threshold: 0.999 });
    await hasNone(page);
    await chromium.set({ threshold: 0 });
    await hasMarks(page);
  });

  test("the popup is plain about a page that no extension may read", async () => {
    const page = await chromium.open("chrome://version");
    const popup = await chromium.popup(page);
    await until("the notice", () =>
      popup.$eval("#unreadable", (notice) => !(notice as HTMLElement).hidden),
    );
    expect(await popup.$eval("#here", (here) => (here as HTMLElement).hidden)).toBe(true);
  });

  test("the options test the server, and say what is wrong with it", async () => {
    const page = await options();
    await picture(page, "options", true);
    const locked = await startByline({ token: "correct-horse" });
    const result = async (address: string, token: string) => {
      await page.$eval(
        "#server",
        (input, value) => {
          (input as HTMLInputElement).value = value;
        },
        address,
      );
      await page.$eval(
        "#token",
        (input, value) => {
          (input as HTMLInputElement).value = value;
        },
        token,
      );
      await page.$eval("#result", (element) => {
        element.textContent = "";
      });
      await page.locator("#server-form button").click();
      return until("a result", async () => {
        const line = await text(page, "#result");
        return line !== "" && !line.startsWith("Asking") && line;
      });
    };
    expect(await result("not an address at all", "")).toMatch(
      /^That is no address\. Example: http/,
    );
    expect(await result("127.0.0.1:1", "")).toMatch(
      /^The server can't be reached\. Nothing answers at http:\/\/127\.0\.0\.1:1\. Start it with “byline serve”/,
    );
    expect(await result(inject("site"), "")).toMatch(/^Something else answers at that address\./);
    // As a port for https answers to http.
    const secure = await listen((_, response) => response.writeHead(400).end());
    expect(await result(secure.origin, "")).toMatch(/^The server .*400/);
    await secure.stop();
    expect(await result(locked.origin, "wrong")).toMatch(/^The server wants another token\./);
    expect(await result(`${locked.origin}/`, " correct-horse ")).toMatch(
      /^Connected: Byline \d.*, model \w+\. Texts from 40 words on are judged\.$/,
    );
    expect(await stored()).toMatchObject({ server: locked.origin, token: "correct-horse" });
    await page.$eval("#server", (input) => {
      (input as HTMLInputElement).value = "http://192.0.2.1:8765";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(await page.$eval("#exposed", (notice) => (notice as HTMLElement).hidden)).toBe(false);
    await locked.stop();
  });

  test("the options change style, language and sites at once", async () => {
    const article = await chromium.check("/plain");
    await hasMarks(article);
    const css = () =>
      article.evaluate(() =>
        document.adoptedStyleSheets
          .flatMap((sheet) => [...sheet.cssRules])
          .map((rule) => rule.cssText)
          .join("\n"),
      );
    const page = await options();
    for (const [style, sign] of [
      ["background", /mark-a4\) \{ background-color/],
      ["margin", /mark-a4\) \{ \}/],
      ["underline", /mark-a4\) \{ text-decoration/],
    ] as const) {
      await page.locator(`input[value="${style}"]`).click();
      await until(style, async () => sign.test(await css()));
    }
    await page.select("#language", "de");
    await until("German", async () => (await text(page, "h1")) === "Byline: Optionen");
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
    const popup = await chromium.popup(article);
    await until("German", async () => (await text(popup, "#options")) === "Optionen");
    await picture(popup, "popup-de", true);
    await popup.close();
    await page.bringToFront();

    await page.locator("#off-site").fill("https://Example.COM/path");
    await page.locator("#off-form button").click();
    await until("the site", async () => (await text(page, "#sites-off")).includes("example.com"));
    await page.locator('#sites-off [aria-label="example.com entfernen"]').click();
    await until("no site", async () => (await text(page, "#sites-off")) === "Keine.");
  });

  test("who removes sites by keyboard stays in their list", async () => {
    const page = await options();
    await chromium.set({ sitesOff: ["a.test", "b.test", "c.test"] });
    await until("the sites", async () => (await page.$$("#sites-off button")).length === 3);
    const focused = () =>
      page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.id);
    await page.focus("#sites-off li:nth-child(2) button");
    for (const next of ["Remove c.test", "Remove a.test", "Site to leave out"]) {
      await page.keyboard.press("Enter");
      await until(next, async () => (await focused()) === next);
    }
  });

  test("checks every page by itself where the reader wants it", async () => {
    const page = await options();
    await page.locator('input[value="automatic"]').click();
    await until("it is kept", async () => (await stored()).automatic === true);
    const elsewhere = await chromium.open(
      `${inject("site").replace("127.0.0.1", "localhost")}/plain`,
    );
    await hasMarks(elsewhere);
    await chromium.set({ sitesOff: ["localhost"] });
    await hasNone(elsewhere);
  });

  test("a site is on only once it is permitted, though the popup was closed and opened", async () => {
    await chromium.set({ sitesOff: [SITE] });
    const before = await stored();
    const page = await chromium.open("/plain");
    const popup = await wish(page, false);
    expect(await stored()).toEqual(before);
    await popup.close();
    await chromium.popup(page);
    // The browser's prompt is still there, and its yes comes to the worker alone.
    const worker = await chromium.worker();
    await worker.evaluate(
      (origins) => {
        const { onAdded } = chrome.permissions as unknown as {
          onAdded: { dispatch: (added: unknown) => void };
        };
        onAdded.dispatch({ origins, permissions: [] });
      },
      [`http://${SITE}/*`, `https://${SITE}/*`],
    );
    await hasMarks(page);
    expect(await stored()).toMatchObject({ sitesOn: [SITE], sitesOff: [] });
  });

  test("the context menu judges what is selected, and says so when it is too short", async () => {
    const page = await chromium.open("/plain");
    await page.evaluate(() => {
      document.getSelection()?.selectAllChildren(document.querySelector("p")!);
    });
    await chromium.checkSelection(page);
    const tip = await until("the answer", async () => {
      const found = await chromium.tooltip(page);
      return found?.startsWith("Likely") === true && found;
    });
    expect(tip).toMatch(/^Likely AI-written \(AI probability \d\d%\) \d+ words/);
    await picture(page, "selection");
    // Only what was selected is looked at.
    expect(await marked(page)).toEqual([]);

    await page.evaluate(() => {
      const node = document.querySelector("p")!.firstChild!;
      document.getSelection()?.setBaseAndExtent(node, 0, node, 30);
    });
    await chromium.checkSelection(page);
    expect(
      await until("the answer", async () => {
        const found = await chromium.tooltip(page);
        return found?.startsWith("Too short") === true && found;
      }),
    ).toMatch(/^Too short to judge \d words; at least 40 are needed\.$/);
    await page.mouse.click(5, 5);
    await until("no tooltip", async () => (await chromium.tooltip(page)) === null);
  });

  test("the context menu judges what is selected in a field, in the language chosen", async () => {
    await chromium.set({ language: "de" });
    const page = await chromium.open("/editor");
    const selected = await page.$eval("textarea", (field) => {
      field.focus();
      field.select();
      return field.value;
    });
    await chromium.checkSelection(page, selected);
    await until("the answer", async () =>
      /^Vermutlich KI \(.*\d\d %/.test((await chromium.tooltip(page)) ?? ""),
    );
  });

  test("the commands start, walk through, and stop", async () => {
    const page = await chromium.open("/article");
    await chromium.press(page, "check-page");
    await hasMarks(page);
    await chromium.press(page, "next-passage");
    const first = await until("a tooltip", () => chromium.tooltip(page));
    const top = await page.evaluate(() => scrollY);
    await chromium.press(page, "next-passage");
    await until("the next", () => page.evaluate((y) => Math.abs(scrollY - y) > 50, top));
    expect(first).toMatch(/^(Likely AI-written|Unclear) \(AI probability /);
    await chromium.press(page, "check-page");
    await hasNone(page);
    expect(await chromium.tooltip(page)).toBeNull();
  });

  test("the walk waits for what is not scored yet, instead of beginning anew", async () => {
    let isFull = false;
    const server = await between(inject("byline"), async (pass, respond) => {
      const wasFull = isFull;
      isFull = true;
      if (wasFull) respond(429, '{"error":{"code":"queue_full","message":"later"}}');
      else await pass();
    });
    await chromium.set({ server: server.origin });
    const page = await chromium.check("/infinite?walk");
    await hasMarks(page);
    const tab = await chromium.tab(page);
    const press = () =>
      chromium.control.evaluate((id) => chrome.tabs.sendMessage(id, { kind: "next" }), tab);
    const says = async (line: RegExp) => line.test((await chromium.tooltip(page)) ?? "");
    await until("it waits", async () => {
      await press();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return says(/goes on as soon as it has room/);
    });
    const before = await page.evaluate(() => scrollY);
    await press();
    expect(await page.evaluate(() => scrollY)).toBe(before);
    // Now it takes every text.
    await until("all is scored", async () => {
      isFull = false;
      return (await chromium.status(page)).report.words.waiting === 0;
    });
    await press();
    await until("the next mark", () => says(/^(Likely AI-written|Unclear) \(/));
    await server.stop();
  });

  test("the walk from mark to mark goes through frames, one at a time, and begins anew", async () => {
    const page = await chromium.check("/plain");
    await page.evaluate(() => {
      const frame = document.createElement("iframe");
      frame.src = "/plain";
      document.body.append(frame);
    });
    const [top, frame] = await until("two frames", () =>
      Promise.resolve(page.frames().length === 2 && page.frames()),
    );
    await hasMarks(page);
    await chromium.begin(page);
    await until("two passages", async () => (await chromium.status(page)).report.ai === 2);
    const hasTip = (one: Frame) =>
      one.evaluate(() => document.documentElement.lastElementChild?.localName === "div");
    for (const [here, there] of [
      [top!, frame!],
      [frame!, top!],
      [top!, frame!],
    ] as const) {
      await chromium.press(page, "next-passage");
      await until("a tooltip", () => hasTip(here));
      expect(await hasTip(there)).toBe(false);
    }
  });

  test("a page in the middle of nothing has a badge of its own", async () => {
    const page = await chromium.open("/plain");
    expect((await chromium.badge(page)).text).toBe("");
    const empty = await chromium.check("/empty");
    await until("a report", async () => (await chromium.status(empty)).report.words.short > 0);
    expect((await chromium.badge(empty)).text).toBe("");
    const popup = await chromium.popup(empty);
    await until("the line", async () =>
      (await text(popup, "#verdict")).startsWith("No text here that is long enough"),
    );
  });
});
