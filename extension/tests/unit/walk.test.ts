import { beforeEach, expect, test } from "vitest";
import type { Passage } from "../../src/content/passages";
import { following } from "../../src/content/walk";

type What = "marked" | "human" | "open" | "short";

beforeEach(() => {
  // jsdom knows no boxes.
  Element.prototype.checkVisibility = function () {
    return !this.hasAttribute("hidden");
  };
});

/** Passages in the order of the page, the ids counted from 1; handed over in the opposite one. */
function next(whats: readonly (What | "hidden")[], from: number): number | string | null {
  const passages = whats.map((what, index): Passage => {
    const element = document.createElement("p");
    element.hidden = what === "hidden";
    element.textContent = "Some text.";
    document.body.append(element);
    const node = element.firstChild as Text;
    const { length } = node;
    const pieces = [{ node, from: 0, at: 0, length, apart: false }];
    const block = { element, kind: "paragraph", text: node.data, pieces, words: 2 } as const;
    const isScored = what === "marked" || what === "human";
    const verdict = what === "marked" ? "ai" : "human";
    const sentences = [{ start: 0, end: length, probability: 0.9, verdict } as const];
    return {
      id: index + 1,
      text: node.data,
      words: 2,
      parts: [{ block, from: 0, to: length, at: 0 }],
      stage: isScored ? "scored" : what === "short" ? "short" : "asked",
      score: isScored
        ? { verdict, probability: 0.9, words: 2, coverage: 1, sentences, findings: [] }
        : null,
      painted: [],
    };
  });
  const found = following(passages.reverse(), from, 0);
  return found === null || found === "waiting" ? found : found.id;
}

test.each([
  [["human", "marked", "marked"], 0, 2],
  [["human", "marked", "marked"], 2, 3],
  [["marked", "human", "short"], 1, null],
  [["marked", "open", "human"], 1, "waiting"],
  [["open", "marked"], 2, null],
  [["marked", "hidden"], 1, null],
  [["open", "open"], 0, "waiting"],
  [[], 0, null],
] as const)("of %o, after %i comes %s", (whats, from, expected) => {
  expect(next(whats, from)).toBe(expected);
});
