import { afterEach, expect, test, vi } from "vitest";
import { obstacleOf } from "../../src/popup/obstacle";

afterEach(() => {
  vi.unstubAllGlobals();
});

const WEB = "https://a.test/page";
const PDF = "https://a.test/Paper.PDF?x";

function type(result: string) {
  return () => Promise.resolve([{ result }]);
}

function refused() {
  return Promise.reject(new Error("Cannot access contents of the page"));
}

test.each([
  ["a page", WEB, type("text/html"), false, null],
  ["a PDF in Chrome", WEB, type("application/pdf"), false, "isPdf"],
  ["a PDF in Firefox", PDF, refused, false, "isPdf"],
  ["a page by the name of one", PDF, type("text/html"), false, null],
  ["a page that the shop keeps", WEB, refused, false, null],
  ["a file", "file:///a.txt", type("text/plain"), false, "fileAccess"],
  ["a file, with access", "file:///a.txt", type("text/plain"), true, null],
  ["a page of the browser", "chrome://version", refused, false, "cannotCheck"],
  ["a page that it names to nobody", undefined, refused, false, "cannotCheck"],
])("%s", async (_, url, executeScript, access, expected) => {
  vi.stubGlobal("chrome", {
    scripting: { executeScript },
    extension: { isAllowedFileSchemeAccess: () => Promise.resolve(access) },
  });
  const tab = { id: 1, ...(url === undefined ? {} : { url }) } as chrome.tabs.Tab;
  expect(await obstacleOf(tab)).toBe(expected);
});
