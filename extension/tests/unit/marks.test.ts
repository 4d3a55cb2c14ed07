import { describe, expect, test } from "vitest";
import { marks } from "../../src/content/marks";
import type { Score, Verdict } from "../../src/shared/score";
import { isOfLittle, pageVerdict, standing } from "../../src/shared/verdict";
import { NO_WORDS } from "../../src/shared/messages";

function score(verdict: Verdict, sentences: readonly [Verdict, number][]): Score {
  return {
    verdict,
    probability: 0.9,
    words: 60,
    coverage: 1,
    findings: [],
    sentences: sentences.map(([own, probability], n) => ({
      start: n * 10,
      end: n * 10 + 9,
      verdict: own,
      probability,
    })),
  };
}

describe("marks", () => {
  test("never say more than the passage's verdict", () => {
    const sentences: [Verdict, number][] = [
      ["ai", 0.99],
      ["human", 0.1],
      ["unclear", 0.6],
      ["too_short", 0.99],
    ];
    expect(marks(score("human", sentences), 0)).toEqual([]);
    expect(marks(score("too_short", sentences), 0)).toEqual([]);
    expect(marks(score("unclear", sentences), 0).map(({ kind }) => kind)).toEqual([
      "unclear",
      "unclear",
    ]);
    expect(marks(score("ai", sentences), 0)).toEqual([
      { start: 0, end: 9, kind: "ai", level: 4 },
      { start: 20, end: 29, kind: "ai", level: 1 },
    ]);
  });

  test("are of the whole passage, and faint, where no sentence stands out", () => {
    const sentences: [Verdict, number][] = [
      ["human", 0.2],
      ["human", 0.1],
    ];
    expect(marks(score("unclear", sentences), 0)).toEqual([
      { start: 0, end: 19, kind: "unclear", level: 1 },
    ]);
    expect(marks(score("ai", sentences), 0)).toEqual([{ start: 0, end: 19, kind: "ai", level: 1 }]);
    expect(marks(score("human", sentences), 0)).toEqual([]);
  });

  test("grow stronger with the probability, and join where they are alike", () => {
    const found = marks(
      score("ai", [
        ["ai", 0.95],
        ["ai", 0.96],
        ["ai", 0.98],
        ["human", 0.1],
        ["ai", 0.98],
      ]),
      0,
    );
    expect(found.map(({ start, end, level }) => [start, end, level])).toEqual([
      [0, 19, 2],
      [20, 29, 3],
      [40, 49, 3],
    ]);
  });

  test("are hidden by a threshold above the passage's probability", () => {
    expect(marks(score("ai", [["ai", 0.99]]), 0.9).length).toBe(1);
    expect(marks(score("ai", [["ai", 0.99]]), 0.91)).toEqual([]);
  });

  test("are none in another language, or where the server refused", () => {
    const foreign = {
      ...score("unclear", []),
      probability: null,
      findings: [{ kind: "not_english", message: "" }],
    };
    expect(marks(foreign, 0)).toEqual([]);
    expect(standing(foreign)).toBe("unjudged");
    expect(marks({ error: "too long" }, 0)).toEqual([]);
  });
});

describe("the page's verdict", () => {
  const words = (ai: number, unclear: number, human: number) =>
    pageVerdict({ ...NO_WORDS, ai, unclear, human });

  test("follows the shares of the judged words", () => {
    expect(words(60, 0, 40)).toBe("ai");
    expect(words(20, 0, 80)).toBe("mixed");
    expect(words(0, 60, 40)).toBe("unclear");
    expect(words(0, 40, 60)).toBe("human");
  });

  test.each([
    [{ waiting: 50, unjudged: 300 }, "none"],
    [{ unjudged: 300, short: 20 }, "unjudged"],
    [{ unjudged: 20, short: 300 }, "short"],
    [{}, "short"],
  ])("of %o, where none are judged, is %s", (counted, verdict) => {
    expect(pageVerdict({ ...NO_WORDS, ...counted })).toBe(verdict);
  });

  test.each([
    [{ ai: 50, short: 50, waiting: 900 }, false],
    [{ ai: 50, short: 30, unjudged: 30 }, true],
    [{ ai: 50, short: 900, waiting: 900 }, true],
  ])("is of little where most was not to be judged: %o", (counted, isSo) => {
    expect(isOfLittle({ ...NO_WORDS, ...counted })).toBe(isSo);
  });

  test("makes nothing of the one passage in a hundred that is called ai by chance", () => {
    expect(words(100, 0, 9_900)).toBe("human");
  });
});
