import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Display } from "../../src/content/display";
import { Overlay } from "../../src/content/overlay";
import type { Passage } from "../../src/content/passages";
import { DEFAULTS, view } from "../../src/shared/settings";
import { stubSheets } from "./sheets";

const BOX = new DOMRect(0, 0, 100, 20);
const CARD = "<article><p>Some text.</p><a href=/></a><dialog open></dialog></article>";

beforeEach(() => {
  vi.stubGlobal("CSS", { highlights: new Map() });
  vi.stubGlobal("Highlight", Set);
  stubSheets(document, ShadowRoot.prototype);
  Range.prototype.getBoundingClientRect = () => BOX;
  Range.prototype.getClientRects = () => [BOX] as unknown as DOMRectList;
});
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(Range.prototype, "getBoundingClientRect");
  Reflect.deleteProperty(Range.prototype, "getClientRects");
  Reflect.deleteProperty(document, "elementsFromPoint");
});

/** Marked, whatever it says. */
function passage(element: Element): Passage {
  const node = element.firstChild as Text;
  const { length, data: text } = node;
  const pieces = [{ node, from: 0, at: 0, length, apart: false }];
  const block = { element, kind: "paragraph", text, pieces, words: 2 } as const;
  const sentences = [{ start: 0, end: length, probability: 1, verdict: "ai" } as const];
  return {
    id: 1,
    text,
    words: 2,
    parts: [{ block, from: 0, to: length, at: 0 }],
    stage: "scored",
    score: { verdict: "ai", probability: 1, words: 2, coverage: 1, sentences, findings: [] },
    painted: [],
  };
}

test.each([
  ["below nothing", ["p", "article"], true],
  ["below a link that is laid over its card", ["a", "p", "article"], true],
  ["below a dialog", ["dialog", "p", "article"], false],
  ["below a link in a dialog", ["a", "dialog", "p", "article"], false],
  ["below a link with a ground of its own", ["a.solid", "p", "article"], false],
])("a passage is found under the pointer %s: %o", (_, stack, isFound) => {
  document.body.innerHTML = CARD;
  const link = document.querySelector("a")!;
  link.style.backgroundColor = stack.includes("a.solid") ? "white" : "rgba(0, 0, 0, 0)";
  document.elementsFromPoint = () =>
    stack.map((one) => document.querySelector(one.split(".")[0]!)!);
  const marked = passage(document.querySelector("p")!);
  const display = new Display(view(DEFAULTS), new Overlay());
  display.paint([marked]);
  expect(display.passageAt(5, 5)).toBe(isFound ? marked : undefined);
  display.dispose();
});
