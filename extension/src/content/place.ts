/** Where a passage is on the screen. */

import { anchor, firstWhere } from "./anchor";
import { parentOf } from "./extract";
import { elementsOf, type Passage } from "./passages";

/** Its first letter. */
export function startOf(passage: Passage): Range {
  const range = new Range();
  const [span] = anchor(passage, 0, passage.text.length);
  if (span) {
    // The page may have cut the node short since; that change is about to be read.
    range.setStart(span.startNode, Math.min(span.startOffset, span.startNode.length));
    range.setEnd(span.startNode, Math.min(span.startOffset + 1, span.startNode.length));
  }
  return range;
}

/** Whether it could be seen where it is scrolled to. */
export function isVisible(passage: Passage): boolean {
  const holder = startOf(passage).startContainer.parentElement;
  return holder?.checkVisibility({ opacityProperty: true, visibilityProperty: true }) === true;
}

/** Its last letter. */
function endOf(passage: Passage): Range {
  const range = new Range();
  const span = anchor(passage, 0, passage.text.length).at(-1);
  if (span) {
    const end = Math.min(span.endOffset, span.endNode.length);
    range.setStart(span.endNode, Math.max(0, end - 1));
    range.setEnd(span.endNode, end);
  }
  return range;
}

/**
 * How far a passage is from the screen, in pixels; 0 if any of it is on it: magnified, it may be taller
 * than the screen, and its reader be in its middle.
 */
export function distance(passage: Passage, height: number): number {
  // In columns the last letter may be the higher one.
  const ends = [startOf(passage), endOf(passage)].map((end) => end.getBoundingClientRect());
  const top = Math.min(...ends.map((end) => end.top));
  const bottom = Math.max(...ends.map((end) => end.bottom));
  if (bottom >= 0 && top <= height) return 0;
  return top > height ? top - height : -bottom;
}

/** Of so many passages in one element, as in a long file of plain text, not each is measured. */
const MANY = 64;

/** Whether what comes later in an element may be higher up: it has columns, or is broken by some. */
function isInColumns(element: Element): boolean {
  const { columnCount, columnWidth } = getComputedStyle(element);
  const ownColumns = /^\d/.test(columnCount) || /^\d/.test(columnWidth);
  return ownColumns || element.getClientRects().length > 1;
}

/** Those of the passages of `element`, in the order of the page, that may be within `reach` of the screen. */
export function within(
  element: Element,
  passages: readonly Passage[],
  reach: number,
  height: number,
): readonly Passage[] {
  if (passages.length < MANY || isInColumns(element)) return passages;
  let boxless = 0;
  const box = (range: Range) => {
    const found = range.getBoundingClientRect();
    if (found.height === 0) boxless += 1;
    return found;
  };
  const first = firstWhere(passages, (one) => box(endOf(one)).bottom >= -reach);
  const end = firstWhere(passages, (one) => box(startOf(one)).top > height + reach);
  // Without a box it is nowhere, and says nothing of where the others are.
  return boxless === 0 ? passages.slice(first, end) : passages;
}

export function isNear(passage: Passage, near: ReadonlySet<Element>): boolean {
  return elementsOf(passage).some((element) => near.has(element));
}

/** All of the page, wherever it is scrolled to. */
const EVERYWHERE = new DOMRect(-1e7, -1e7, 2e7, 2e7);

export function overlap(a: DOMRect, b: DOMRect): DOMRect {
  const left = Math.max(a.left, b.left);
  const top = Math.max(a.top, b.top);
  return new DOMRect(
    left,
    top,
    Math.min(a.right, b.right) - left,
    Math.min(a.bottom, b.bottom) - top,
  );
}

/**
 * Where the content of an element can be seen, by the boxes around it that scroll or are cut.
 *
 * @param known of the same moment: neighbours have most of their boxes in common
 */
export function windowOf(element: Element | null, known: Map<Element, DOMRect>): DOMRect {
  // The overflow of these is the browser window's.
  if (!element || element === document.body || element === document.documentElement) {
    return EVERYWHERE;
  }
  const found = known.get(element);
  if (found) return found;
  const { position, display, overflowX, overflowY } = getComputedStyle(element);
  // What is positioned leaves the boxes that are not.
  const leaves = position === "absolute" && element instanceof HTMLElement;
  const around = position === "fixed" ? null : leaves ? element.offsetParent : parentOf(element);
  let box = windowOf(around, known);
  if (!/^(inline|contents)$/.test(display)) {
    const { x, y, width, height } = element.getBoundingClientRect();
    const { x: left, y: top, width: wide, height: high } = EVERYWHERE;
    if (overflowX !== "visible") box = overlap(box, new DOMRect(x, top, width, high));
    if (overflowY !== "visible") box = overlap(box, new DOMRect(left, y, wide, height));
  }
  known.set(element, box);
  return box;
}

/** Bring a passage into view, and wait until the page stands still. */
export async function scrollTo(passage: Passage): Promise<DOMRect> {
  const range = startOf(passage);
  const holder = range.startContainer.parentElement;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  holder?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  await settled(range);
  // An element taller than the screen: its middle says nothing about its passages. The root scrolls the window.
  for (let up: Element | null = holder; up; up = parentOf(up)) {
    const { top, bottom } = range.getBoundingClientRect();
    if (top >= 0 && bottom <= window.innerHeight) break;
    // At once, for it is measured at once.
    up.scrollBy({ top: top - window.innerHeight / 3, behavior: "instant" });
  }
  return range.getBoundingClientRect();
}

/** Until two looks find the range at one place, or three seconds have passed. */
async function settled(range: Range): Promise<void> {
  let last = Number.NaN;
  for (let look = 0; look < 60; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { top } = range.getBoundingClientRect();
    if (top === last) return;
    last = top;
  }
}
