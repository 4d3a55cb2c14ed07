import { describe, expect, test } from "vitest";
import { scoreCard } from "../../src/content/card";
import { words } from "../../src/shared/i18n";
import type { Score } from "../../src/shared/score";

const GERMAN = words("de");
const SCORE: Score = {
  verdict: "ai",
  probability: 0.9,
  words: 80,
  coverage: 1,
  sentences: [],
  findings: [],
};

/** Its last paragraph but the warning: what the server said. */
function remark(card: HTMLElement): [string, string] {
  const paragraph = [...card.querySelectorAll("p:not(.caution)")].at(-1) as HTMLElement;
  return [paragraph.textContent, paragraph.lang];
}

describe("a German reader's card", () => {
  test("has the server's findings and refusals in German, as far as they are known", () => {
    const finding = (kind: string) => ({ ...SCORE, findings: [{ kind, message: "In English." }] });
    expect(remark(scoreCard(finding("homoglyphs"), 40, GERMAN))).toEqual([
      "Buchstaben eines anderen Alphabets stehen für englische, die ihnen gleichen.",
      "",
    ]);
    expect(remark(scoreCard(finding("of_tomorrow"), 40, GERMAN))).toEqual(["In English.", "en"]);
    const unfit = { ...finding("repetitive"), verdict: "unclear", probability: null } as const;
    expect(remark(scoreCard(unfit, 40, GERMAN))[0]).toMatch(/^Hier stehen immer wieder/);
    const refused = (code: string) => scoreCard({ error: "Too much.", code }, 40, GERMAN);
    expect(remark(refused("text_too_long"))[0]).toMatch(/^Dieser Text ist länger/);
    expect(remark(refused("late"))[0]).toMatch(/^Der Server braucht/);
    expect(remark(refused("internal"))).toEqual(["Too much.", "en"]);
  });
});
