/** Where a passage is on the screen. */

import { anchor } from "./anchor";
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

/** How far a passage begins from the screen, in pixels; 0 if it begins on it. */
export function distance(passage: Passage, height: number): number {
  const { top, bottom } = startOf(passage).getBoundingClientRect();
  if (bottom >= 0 && top <= height) return 0;
  return top > height ? top - height : -bottom;
}

export function isNear(passage: Passage, near: ReadonlySet<Element>): boolean {
  return elementsOf(passage).some((element) => near.has(element));
}

/** Bring a passage into view, and wait until the page stands still. */
export async function scrollTo(passage: Passage): Promise<DOMRect> {
  const range = startOf(passage);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  range.startContainer.parentElement?.scrollIntoView({
    block: "center",
    behavior: still ? "auto" : "smooth",
  });
  await settled(range);
  const { top, bottom } = range.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight) {
    // An element taller than the screen: its middle says nothing about its passages.
    window.scrollBy({ top: top - window.innerHeight / 3, behavior: "auto" });
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
