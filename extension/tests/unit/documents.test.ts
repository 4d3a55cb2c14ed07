import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { mayRun, note, type Documents } from "../../src/background/documents";
import { DEFAULTS, type Settings } from "../../src/shared/settings";

const TAB = 7;
/** When the life of the document that the tab shows began. */
const SHOWN = 111;

let held: string[];
let executeScript: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers();
  held = [];
  executeScript = vi.fn(() => Promise.resolve([{ result: SHOWN }]));
  vi.stubGlobal("chrome", {
    tabs: { get: () => Promise.resolve({ url: "https://a.test:8443/page" }) },
    permissions: {
      contains: ({ origins }: { origins: string[] }) =>
        Promise.resolve(origins.every((one) => held.includes(one))),
    },
    scripting: { executeScript },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Noted {
  readonly checked?: number[];
  readonly stopped?: number[];
}

async function runs(settings: Partial<Settings>, { checked, stopped }: Noted = {}) {
  const documents = (at?: number[]) => new Map(at === undefined ? [] : [[TAB, at]]);
  const answer = mayRun(
    {
      settings: { ...DEFAULTS, ...settings },
      checked: documents(checked),
      stopped: documents(stopped),
    },
    TAB,
  );
  await vi.advanceTimersByTimeAsync(2_500);
  return Promise.race([answer, Promise.resolve("no answer")]);
}

describe("a page may be checked", () => {
  test("by itself only where its site is permitted", async () => {
    expect(await runs({ sitesOn: ["a.test"] })).toBe(false);
    expect(await runs({ automatic: true })).toBe(false);
    held = ["https://a.test/*"];
    expect(await runs({ sitesOn: ["a.test"] })).toBe(true);
    expect(await runs({ automatic: true })).toBe(true);
    expect(await runs({ automatic: true, sitesOff: ["a.test"] })).toBe(false);
  });

  test("where it is the very document that was asked for, and not the one that was stopped", async () => {
    held = ["https://a.test/*"];
    expect(await runs({}, { checked: [SHOWN] })).toBe(true);
    expect(await runs({}, { checked: [110] })).toBe(false);
    expect(await runs({ sitesOn: ["a.test"] }, { stopped: [SHOWN] })).toBe(false);
    expect(await runs({ sitesOn: ["a.test"] }, { stopped: [110] })).toBe(true);
    // Come back to after another.
    expect(await runs({}, { checked: [SHOWN, 110] })).toBe(true);
    expect(await runs({ sitesOn: ["a.test"] }, { stopped: [SHOWN, 110] })).toBe(false);
  });

  test.each([
    ["is silent", () => new Promise(() => undefined)],
    ["may not be entered", () => Promise.reject(new Error("Cannot access"))],
  ])("not for having been asked for where it %s, which holds up nothing", async (_, answer) => {
    held = ["https://a.test/*"];
    executeScript.mockImplementation(answer);
    expect(await runs({}, { checked: [SHOWN] })).toBe(false);
    expect(await runs({ sitesOn: ["a.test"] }, { stopped: [SHOWN] })).toBe(false);
    expect(executeScript).toHaveBeenCalledWith(
      expect.objectContaining({ injectImmediately: true }),
    );
  });
});

test("a page that was stuck is noted when it answers, and the reader's word done again", async () => {
  let answer: (shown: unknown) => void = () => undefined;
  executeScript.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  const documents: Documents = new Map([[TAB, [110]]]);
  const again = vi.fn(() => Promise.resolve());
  const noted = note(documents, TAB, again);
  await vi.advanceTimersByTimeAsync(2_500);
  await noted;
  expect(documents.get(TAB)).toEqual([110]);
  expect(again).not.toHaveBeenCalled();
  answer([{ result: SHOWN }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(documents.get(TAB)).toEqual([110, SHOWN]);
  expect(again).toHaveBeenCalledOnce();
});
