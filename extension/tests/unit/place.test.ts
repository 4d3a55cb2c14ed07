import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Passage } from "../../src/content/passages";
import { distance, scrollTo, within } from "../../src/content/place";

const LINE = 20;

/** Of ten letters, each on a line of its own; jsdom lays nothing out. */
function passage(top: number): Passage {
  const node = document.createTextNode("abcdefghij");
  const element = document.createElement("p");
  element.append(node);
  const { data: text } = node;
  const pieces = [{ node, from: 0, at: 0, length: text.length, apart: false }];
  const block = { element, kind: "paragraph", text, pieces, words: 1 } as const;
  const parts = [{ block, from: 0, to: text.length, at: 0 }];
  Range.prototype.getBoundingClientRect = function () {
    const length = this.endOffset - this.startOffset;
    return new DOMRect(0, top + this.startOffset * LINE, 8, length * LINE);
  };
  return { id: 1, text, words: 1, parts, stage: "new", score: null, painted: [] };
}

afterEach(() => {
  Reflect.deleteProperty(Range.prototype, "getBoundingClientRect");
});

test.each([
  ["on the screen", 10, 0],
  ["around it: begun above and not over below", -50, 0],
  ["with its end on it", -190, 0],
  ["with its beginning on it", 90, 0],
  ["below", 130, 30],
  ["above", -240, 40],
])("a passage is as far as the nearer of its ends: %s", (_, top, away) => {
  expect(distance(passage(top), 100)).toBe(away);
});

test("a passage of an element taller than the screen is scrolled to in the box that scrolls", async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  const one = passage(0);
  const box = document.createElement("div");
  box.append(one.parts[0]!.block.element);
  document.body.append(box);
  box.scrollTop = 5_000;
  Element.prototype.scrollIntoView = () => undefined;
  Element.prototype.scrollBy = function (this: Element, options?: ScrollToOptions | number) {
    if (this === box && typeof options === "object") this.scrollTop += options.top ?? 0;
  };
  Range.prototype.getBoundingClientRect = () => new DOMRect(0, 300 - box.scrollTop, 8, LINE);
  const { top } = await scrollTo(one);
  expect(top).toBe(window.innerHeight / 3);
  box.remove();
  vi.unstubAllGlobals();
});

describe("of many passages in one element", () => {
  const all = Array.from({ length: 5_000 }, () => passage(0));
  const tops = new Map(
    all.map(({ parts }, n) => [parts[0]!.block.pieces[0]!.node, n * 50 - 100_000]),
  );
  let measured = 0;
  beforeEach(() => {
    measured = 0;
    Range.prototype.getBoundingClientRect = function () {
      measured += 1;
      return new DOMRect(0, tops.get(this.startContainer as Text), 8, LINE);
    };
  });

  test("few are measured to find those near the screen", () => {
    const found = within(document.createElement("pre"), all, 150, 100);
    expect(found.map((one) => all.indexOf(one))).toEqual([
      1997, 1998, 1999, 2000, 2001, 2002, 2003, 2004, 2005,
    ]);
    expect(measured).toBeLessThan(40);
  });

  test("each may be near where columns break their order", () => {
    const element = document.createElement("pre");
    element.style.setProperty("column-count", "2");
    expect(within(element, all, 150, 100)).toEqual(all);
    const broken = document.createElement("pre");
    broken.getClientRects = () => [new DOMRect(), new DOMRect()] as unknown as DOMRectList;
    expect(within(broken, all, 150, 100)).toEqual(all);
  });

  test("each may be near where one that is looked at has no box", () => {
    Range.prototype.getBoundingClientRect = () => new DOMRect();
    expect(within(document.createElement("pre"), all, -10, 100)).toEqual(all);
  });
});
