import { describe, expect, test } from "vitest";
import { barBorder, declarations, LEVELS, type MarkKind } from "../../src/shared/style";

type Colour = readonly [number, number, number];

/** A light page, and one as dark as they come that are not black; the popup's is lighter. */
const PAGES: readonly (readonly [string, Colour])[] = [
  ["white", [255, 255, 255]],
  ["dark", [22, 24, 28]],
  ["the popup in the dark", [23, 28, 36]],
];

/** WCAG 2.2, "relative luminance". */
function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** The colour that `property` has over `ground`; the ground where there is none. */
function over(css: string, property: string, ground: Colour): Colour {
  const found = new RegExp(`${property}: [^;]*rgb\\((\\d+) (\\d+) (\\d+)(?: / ([\\d.]+))?\\)`).exec(
    css,
  );
  if (!found) return ground;
  const alpha = Number(found[4] ?? 1);
  const mixed = ground.map((value, n) => alpha * Number(found[n + 1]) + (1 - alpha) * value);
  return mixed as unknown as Colour;
}

/** Where the page is `ground`: the line or bar, and what lies around it. */
function marks(kind: MarkKind, ground: Colour): { line: Colour; tint: Colour }[] {
  return LEVELS.flatMap((level) => {
    const lines = (["underline", "background"] as const).map((style) => {
      const css = declarations(style, kind, level);
      const tint = over(css, "background-color", ground);
      return { line: over(css, "text-decoration", tint), tint };
    });
    const line = over(barBorder(kind, level), "border-inline-start", ground);
    return [...lines, { line, tint: ground }];
  });
}

describe.each(PAGES)("marks on a page that is %s", (_, ground) => {
  test.each(["ai", "unclear"] as const)("stand out from it at every level: %s", (kind) => {
    for (const { line, tint } of marks(kind, ground)) {
      expect(line).not.toEqual(ground);
      expect(contrast(line, ground)).toBeGreaterThanOrEqual(3);
      expect(contrast(line, tint)).toBeGreaterThanOrEqual(3);
    }
  });

  test("leave text as readable as it is to be", () => {
    const ink: Colour = luminance(ground) > 0.5 ? [34, 34, 34] : [221, 221, 221];
    for (const { tint } of [...marks("ai", ground), ...marks("unclear", ground)]) {
      expect(contrast(ink, tint)).toBeGreaterThanOrEqual(7);
    }
  });
});

test("the stronger a mark, the thicker", () => {
  const widths = (css: (level: 1 | 2 | 3 | 4) => string) =>
    LEVELS.map((level) => Number(/(\d+)px/.exec(css(level))?.[1]));
  for (const of of [
    widths((level) => declarations("underline", "ai", level)),
    widths((level) => declarations("background", "ai", level)),
    widths((level) => barBorder("ai", level)),
  ]) {
    expect(of).toEqual([...new Set(of)].sort((a, b) => a - b));
  }
});

test("amber is no slate, nor the red of an error", () => {
  const [ai, unclear] = (["ai", "unclear"] as const).map((kind) =>
    over(barBorder(kind, 1), "border-inline-start", [0, 0, 0]),
  );
  const [red, green, blue] = ai!;
  expect(red - blue).toBeGreaterThan(150);
  expect(green / red).toBeGreaterThan(0.5);
  expect(unclear![2] - unclear![0]).toBeGreaterThan(50);
});
