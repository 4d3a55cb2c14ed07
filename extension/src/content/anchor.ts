/** Offsets into a passage to places in the page. Pure: it reads nothing but its arguments. */

import type { Block, PassageText, Piece } from "./text";

/** A half-open span of the page's text: from a place in one text node to a place in another. */
export interface Span {
  readonly startNode: Text;
  readonly startOffset: number;
  readonly endNode: Text;
  readonly endOffset: number;
}

/**
 * Where `passage.text[start, end)` lies: one span for each block it touches, in order.
 * Offsets are UTF-16 code units, as in JavaScript strings and in the DOM.
 */
export function anchor(passage: PassageText, start: number, end: number): Span[] {
  return passage.parts.flatMap(({ block, from, to, at }) => {
    const first = Math.max(start - at + from, from);
    const last = Math.min(end - at + from, to);
    const span = first < last ? within(block, first, last) : null;
    return span ? [span] : [];
  });
}

/** The index of the first piece that `holds`, as do all after it: a block may have 40,000 of them. */
function firstWhere(pieces: readonly Piece[], holds: (piece: Piece) => boolean): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const piece = pieces[middle];
    if (piece && holds(piece)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `block.text[start, end)`; null if that is all line breaks, which are no node's. */
function within(block: Block, start: number, end: number): Span | null {
  const { pieces } = block;
  const first = pieces[firstWhere(pieces, ({ at, length }) => at + length > start)];
  const last = pieces[firstWhere(pieces, ({ at }) => at >= end) - 1];
  if (!first || !last || first.at > last.at) return null;
  return {
    startNode: first.node,
    startOffset: first.from + Math.max(0, start - first.at),
    endNode: last.node,
    endOffset: last.from + Math.min(last.length, end - last.at),
  };
}
