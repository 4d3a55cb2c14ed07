/** The pieces of text a page is made of, as the other modules pass them on. */

/** `text[at, at + length)` of a block is `node.data[from, from + length)`, in UTF-16 units. */
export interface Piece {
  readonly node: Text;
  readonly from: number;
  readonly at: number;
  readonly length: number;
  /** Whether something that is not read stands before it: no mark runs over that. */
  readonly apart: boolean;
}

/** A `border` is no text: what stands above it is not joined with what stands below. */
export type BlockKind = "paragraph" | "item" | "heading" | "border";

/** A line, and so a block, that is a quotation as Hacker News and plain mails have it. */
export const QUOTED = /^\s*>/;

/** What the reader sees as one paragraph, list item or heading. */
export interface Block {
  readonly element: Element;
  readonly kind: BlockKind;
  /** White space as it is rendered: one space, or a line break. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly words: number;
}

/** `passage.text[at, at + to - from)` is `block.text[from, to)`. */
export interface Part {
  readonly block: Block;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** What is scored as one text: blocks that belong together, or a cut of a long one. */
export interface PassageText {
  readonly text: string;
  readonly words: number;
  readonly parts: readonly Part[];
}

export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}
