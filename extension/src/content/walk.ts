/** From mark to mark, in the order of the page. */

import { marks } from "./marks";
import type { Passage } from "./passages";
import { isVisible, startOf } from "./place";

/**
 * The next marked passage after the one with an id, or after the page's beginning where none has it.
 * `waiting` where what follows is not scored yet, null where nothing follows.
 */
export function following(
  passages: readonly Passage[],
  id: number,
  threshold: number,
): Passage | "waiting" | null {
  const isOpen = ({ score, stage }: Passage) => score === null && stage !== "short";
  const isMarked = ({ score }: Passage) => score !== null && marks(score, threshold).length > 0;
  const ordered = passages
    .filter((passage) => isOpen(passage) || isMarked(passage))
    .filter(isVisible)
    .map((passage) => ({ passage, start: startOf(passage) }))
    .sort((a, b) => inOrder(a.start, b.start))
    .map(({ passage }) => passage);
  const rest = ordered.slice(1 + ordered.findIndex((passage) => passage.id === id));
  return rest.find(isMarked) ?? (rest.length > 0 ? "waiting" : null);
}

/** By the page's order; in two trees, between which there is none, by their place on the screen. */
function inOrder(a: Range, b: Range): number {
  if (a.startContainer.getRootNode() === b.startContainer.getRootNode()) {
    return a.compareBoundaryPoints(Range.START_TO_START, b);
  }
  return a.getBoundingClientRect().top - b.getBoundingClientRect().top;
}
