import { readFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Chromium, hasMarks, SKIPPED, until } from "./chromium";
import { EXTENSION } from "../paths";
import { PARAGRAPHS } from "./site";

const AXE = readFileSync(`${EXTENSION}node_modules/axe-core/axe.min.js`, "utf8");
const SCHEMES = ["light", "dark"] as const;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

async function violations(page: Page): Promise<string[]> {
  // The extension's own policy refuses a script element; the debugger needs none.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: (options: unknown) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run({ resultTypes: ["violations"] })).violations;
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`),
  );
}

async function dress(page: Page, scheme: (typeof SCHEMES)[number]): Promise<void> {
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
}

describe.skipIf(SKIPPED)("for every reader", () => {
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    chromium = await Chromium.connect();
    page = await chromium.check("/article");
    await hasMarks(page);
  });
  afterAll(() => chromium.close());

  test.each(SCHEMES)("axe finds nothing in the popup, %s", async (scheme) => {
    const popup = await chromium.popup(page);
    await dress(popup, scheme);
    await until("passages", () => popup.$("#strongest button"));
    await popup.$eval("#legend", (legend) => {
      (legend as HTMLDetailsElement).open = true;
    });
    expect(await violations(popup)).toEqual([]);
    await chromium.set({ server: "http://127.0.0.1:1" });
    await until("the trouble", () =>
      popup.$eval("#trouble", (notice) => !(notice as HTMLElement).hidden),
    );
    expect(await violations(popup)).toEqual([]);
    await popup.close();
    await chromium.reset();
    page = await chromium.check("/article");
    await hasMarks(page);
  });

  test.each(SCHEMES)("axe finds nothing in the options, %s", async (scheme) => {
    const options = await chromium.browser.newPage();
    await dress(options, scheme);
    await options.goto(`chrome-extension://${Chromium.id}/options.html`);
    await chromium.set({ sitesOff: ["example.com"] });
    await until("the site", () => options.$("#sites-off button"));
    await options.locator("#server-form button").click();
    await until("the result", () => options.$("#result[data-kind=ok]"));
    expect(await violations(options)).toEqual([]);
    await options.close();
  });

  test.each(SCHEMES)("axe finds nothing in the tooltip, %s", async (scheme) => {
    await dress(page, scheme);
    const popup = await chromium.popup(page);
    await popup.locator("#strongest button").click();
    await popup.close();
    await until("the tooltip", () => chromium.tooltip(page));
    // A closed shadow tree is closed to axe too: it gets the very elements and styles to look at.
    const session = await page.createCDPSession();
    await session.send("DOM.getDocument");
    const search = async (query: string) => {
      const { searchId } = await session.send("DOM.performSearch", {
        query,
        includeUserAgentShadowDOM: true,
      });
      const { nodeIds } = await session.send("DOM.getSearchResults", {
        searchId,
        fromIndex: 0,
        toIndex: 1,
      });
      return nodeIds[0]!;
    };
    const { outerHTML } = await session.send("DOM.getOuterHTML", { nodeId: await search(".tip") });
    const { object } = await session.send("DOM.resolveNode", { nodeId: await search(".tip") });
    const css = await session.send("Runtime.callFunctionOn", {
      objectId: object.objectId!,
      functionDeclaration: `function () {
        return this.getRootNode().adoptedStyleSheets
          .flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join("\\n");
      }`,
      returnByValue: true,
    });
    expect(outerHTML).not.toContain("role=");
    const said = await session.send("DOM.performSearch", {
      query: "[role=status]",
      includeUserAgentShadowDOM: true,
    });
    expect(said.resultCount).toBe(1);
    // Which passage it is can't be seen by who hears it.
    await until("it is said", async () => {
      const { outerHTML: words } = await session.send("DOM.getOuterHTML", {
        nodeId: await search("[role=status]"),
      });
      return PARAGRAPHS.some(({ text }) => words.includes(text.slice(0, 60)));
    });
    const copy = await chromium.browser.newPage();
    await dress(copy, scheme);
    await copy.setContent(
      `<!doctype html><html lang="en"><title>Tooltip</title><style>${String(css.result.value)}
      body { color-scheme: light dark }</style><main><h1>Page</h1>
      ${outerHTML.replace('popover="manual"', "").replace('class="tip"', "")}</main></html>`,
    );
    expect(await violations(copy)).toEqual([]);
    await copy.close();
  });

  test("all of the popup and the options can be reached by keyboard, each thing with a name", async () => {
    const popup = await chromium.popup(page);
    await until("passages", () => popup.$("#strongest button"));
    const reached: string[] = [];
    await popup.bringToFront();
    for (let n = 0; n < 30; n += 1) {
      await popup.keyboard.press("Tab");
      const id = await popup.evaluate(() => {
        const { activeElement: now } = document;
        return now === null || now === document.body ? "" : now.id || now.localName;
      });
      if (id === "" || (reached.length > 3 && id === reached[0])) break;
      reached.push(id);
    }
    for (const id of ["check", "site", "threshold", "options", "summary"]) {
      expect(reached).toContain(id);
    }
    const tree = await popup.accessibility.snapshot();
    const nameless: string[] = [];
    const walk = (node: NonNullable<typeof tree>): void => {
      if (/button|switch|slider|textbox/.test(node.role) && !node.name) nameless.push(node.role);
      for (const child of node.children ?? []) walk(child);
    };
    walk(tree!);
    expect(nameless).toEqual([]);
  });

  test("forced colours keep the kinds apart by their form", async () => {
    const session = await page.createCDPSession();
    await session.send("Emulation.setEmulatedMedia", {
      features: [{ name: "forced-colors", value: "active" }],
    });
    const [ai, unclear] = await page.evaluate(() =>
      ["mark-a4", "mark-u1"].map((name) => {
        const style = getComputedStyle(document.querySelector("p")!, `::highlight(${name})`);
        return `${style.textDecorationStyle} ${style.textDecorationLine}`;
      }),
    );
    expect(ai).toBe("solid underline");
    expect(unclear).toBe("dotted underline");
    await session.detach();
  });
});
