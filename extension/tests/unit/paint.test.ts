import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPainter } from "../../src/content/paint";
import { stubSheets } from "./sheets";

const registry = new Map<string, Set<Range>>();

beforeEach(() => {
  registry.clear();
  vi.stubGlobal("CSS", { highlights: registry });
  vi.stubGlobal("Highlight", Set);
  stubSheets(document);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Every range that is shown. */
function shown(): Range[] {
  return [...registry.values()].flatMap((ranges) => [...ranges]);
}

test("marks outlive a page that throws all highlights out", () => {
  const painter = createPainter("underline");
  const range = new Range();
  painter.add(range, "ai", 4);
  registry.clear();
  painter.ensure();
  expect(shown()).toEqual([range]);
  painter.dispose();
  expect(registry.size).toBe(0);
});

test("what a newer script marked is not the older one's to take away", () => {
  const old = createPainter("underline");
  old.add(new Range(), "ai", 4);
  const range = new Range();
  createPainter("underline").add(range, "ai", 4);
  old.dispose();
  expect(shown()).toEqual([range]);
});
