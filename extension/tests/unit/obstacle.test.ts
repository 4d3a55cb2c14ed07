import { afterEach, expect, test, vi } from "vitest";
import { obstacleOf } from "../../src/popup/obstacle";

afterEach(() => {
  vi.unstubAllGlobals();
});

const WEB = "https://a.test/page";
const PDF = "https://a.test/Paper.PDF?x";

function type(result: string, root: string | null = null) {
  return () => Promise.resolve([{ result: { type: result, root } }]);
}

function refused() {
  return Promise.reject(new Error("Cannot access contents of the page"));
}

test.each([
  ["a page", WEB, type("text/html"), null],
  ["a PDF in Chrome", WEB, type("application/pdf"), "isPdf"],
  ["a PDF in Firefox", PDF, refused, "isPdf"],
  ["a page by the name of one", PDF, type("text/html"), null],
  ["a page that was translated", WEB, type("text/html", "js translated-ltr"), "isTranslated"],
  ["a page that was not", WEB, type("text/html", "js untranslated-ltr"), null],
  ["a page that the shop keeps", WEB, refused, null],
  ["a file", "file:///a.txt", refused, "fileAccess"],
  ["a file, with access", "file:///a.txt", type("text/plain"), null],
  ["a file that is a PDF", "file:///a.pdf", refused, "isPdf"],
  ["a file that is a PDF, with access", "file:///a.pdf", type("application/pdf"), "isPdf"],
  ["a page of the browser", "chrome://version", refused, "cannotCheck"],
  ["a page that it names to nobody", undefined, refused, "cannotCheck"],
])("%s", async (_, url, executeScript, expected) => {
  vi.stubGlobal("chrome", { scripting: { executeScript } });
  const tab = { id: 1, ...(url === undefined ? {} : { url }) } as chrome.tabs.Tab;
  expect(await obstacleOf(tab)).toBe(expected);
});
