import { afterEach, expect, test, vi } from "vitest";
import { injectMissing } from "../../src/background/reach";

const TAB = 7;

interface Injection {
  readonly target: { readonly tabId: number; readonly frameIds?: readonly number[] };
  readonly files?: readonly string[];
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("frames that have the script are left alone, and one that has just gone holds up no other", async () => {
  const given: Injection[] = [];
  const executeScript = (injection: Injection) => {
    if (!injection.files) {
      // That of frame 5 was refused.
      const has = [true, true, false, false, undefined, false];
      return Promise.resolve(has.map((result, i) => ({ frameId: i + 1, result })));
    }
    if (injection.target.frameIds?.includes(3)) return Promise.reject(new Error("No frame 3"));
    given.push(injection);
    return Promise.resolve([]);
  };
  vi.stubGlobal("chrome", { scripting: { executeScript } });
  await injectMissing(TAB);
  expect(given).toEqual(
    [4, 6].map((frame) => ({
      target: { tabId: TAB, frameIds: [frame] },
      files: ["content.js"],
      injectImmediately: false,
    })),
  );
});
