import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Overlay } from "../../src/content/overlay";
import { stubSheets } from "./sheets";

let root: ShadowRoot;

beforeEach(() => {
  vi.useFakeTimers();
  stubSheets();
  // jsdom has no popovers.
  Object.assign(HTMLElement.prototype, { showPopover: vi.fn() });
  type Attach = (this: Element, init: ShadowRootInit) => ShadowRoot;
  const attachShadow = Reflect.get(Element.prototype, "attachShadow") as Attach;
  vi.spyOn(Element.prototype, "attachShadow").mockImplementation(function (this: Element, init) {
    root = attachShadow.call(this, init);
    Object.defineProperty(root, "adoptedStyleSheets", { writable: true, value: [] });
    return root;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function card(text: string): HTMLElement {
  const element = document.createElement("div");
  const line = document.createElement("p");
  line.textContent = text;
  element.append(line);
  return element;
}

function status(): HTMLElement {
  return root.querySelector("[role=status]")!;
}

test("what the reader asked for is read out: the place is there before the words are", () => {
  const overlay = new Overlay();
  overlay.showTip(card("Likely"), new DOMRect(), "en", "");
  expect(status().isConnected).toBe(true);
  expect(status().textContent).toBe("");
  vi.advanceTimersByTime(400);
  expect(status().textContent).toBe("Likely");
  expect(status().closest(".tip")).toBeNull();
  overlay.hideTip();
  expect(status().textContent).toBe("");
});

test("where the page was led to is said in its own words and language", () => {
  document.documentElement.lang = "fr";
  const overlay = new Overlay();
  overlay.showTip(card("Likely"), new DOMRect(), "en", "Il y avait …");
  vi.advanceTimersByTime(400);
  const lines = [...status().querySelectorAll("p")];
  expect(lines.map(({ lang, textContent }) => [lang, textContent])).toEqual([
    ["", "Likely"],
    ["fr", "Il y avait …"],
  ]);
});

test("what the pointer rests on is not, nor what was closed before it was said", () => {
  const overlay = new Overlay();
  overlay.showTip(card("Hover"), new DOMRect(), "en", null);
  vi.advanceTimersByTime(400);
  expect(status().textContent).toBe("");
  overlay.showTip(card("Asked"), new DOMRect(), "en", "");
  overlay.hideTip();
  vi.advanceTimersByTime(400);
  expect(status().textContent).toBe("");
});
