import { vi } from "vitest";

/** jsdom has the class, but no text in it and none that a document or a shadow root takes up. */
export function stubSheets(...takers: object[]): void {
  vi.stubGlobal(
    "CSSStyleSheet",
    class {
      replaceSync = vi.fn();
    },
  );
  for (const taker of takers) {
    Object.defineProperty(taker, "adoptedStyleSheets", { writable: true, value: [] });
  }
}
