/** Offsets into a passage to places in the page. Pure: it reads nothing but its arguments. */

import type { Block, PassageText } from "./text";

/** A half-open span of the page's text: from a place in one text node to a place in another. */
export interface Span {
  readonly startNode: Text;
  readonly startOffset: number;
  readonly endNode: Text;
  readonly endOffset: number;
}

/**
 * Where `passage.text[start, end)` lies: one span for each block it touches, or several where the block
 * has something within that is not read; in order.
 * Offsets are UTF-16 code units, as in JavaScript strings and in the DOM.
 */
export function anchor(passage: PassageText, start: number, end: number): Span[] {
  return passage.parts.flatMap(({ block, from, to, at }) => {
    const first = Math.max(start - at + from, from);
    const last = Math.min(end - at + from, to);
    return first < last ? within(block, first, last) : [];
  });
}

/** The index of the first that `holds`, as do all after it: a block may have 40,000 pieces. */
export function firstWhere<T>(all: readonly T[], holds: (one: T) => boolean): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = all[middle];
    if (one !== undefined && holds(one)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `block.text[start, end)`; nothing if that is all line breaks, which are no node's. */
function within({ pieces }: Block, start: number, end: number): Span[] {
  const first = firstWhere(pieces, ({ at, length }) => at + length > start);
  const touched = pieces.slice(
    first,
    firstWhere(pieces, ({ at }) => at >= end),
  );
  const found: Span[] = [];
  for (const { node, from, at, length, apart } of touched) {
    const last = apart ? undefined : found.pop();
    found.push({
      startNode: last?.startNode ?? node,
      startOffset: last?.startOffset ?? from + Math.max(0, start - at),
      endNode: node,
      endOffset: from + Math.min(length, end - at),
    });
  }
  return found;
}
