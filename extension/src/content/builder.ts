/** What is met in a page, piece by piece, to a block as it is rendered. Pure. */

import { countWords, QUOTED, type Block, type BlockKind, type Piece } from "./text";

/** A block of which more than this share is links is a menu by another name. */
const LINK_SHARE = 0.7;

/** A block in the making. Only ever appended to: reading a growing string would cost its length. */
export class Builder {
  private text = "";
  private readonly pieces: Piece[] = [];
  private linked = 0;
  /** Whether a space here would stand at the beginning of a line. */
  private atStart = true;
  /** Whether its lines are quoted: all of them are, or none. */
  private quoted = false;
  /** A space that was seen and is only written if something follows. */
  private gap: { readonly node: Text; readonly from: number } | null = null;
  private apart = false;

  constructor(
    readonly element: Element,
    private readonly kind: BlockKind,
  ) {}

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /** Add a run of white space that collapses, or of anything else on one line. */
  add(node: Text, from: number, found: string, collapses: boolean, link: boolean): void {
    if (collapses && /^[ \t\n\r\f]/.test(found)) {
      this.gap ??= { node, from };
      return;
    }
    if (this.gap && !this.atStart) this.write(this.gap.node, this.gap.from, " ");
    this.gap = null;
    this.write(node, from, found);
    if (link) this.linked += found.length;
  }

  /** Whether a line of another writer would begin with what is found: a quotation does here, or ends. */
  turnsAt(found: string): boolean {
    const begins = this.atStart && !this.isEmpty && /\S/.test(found);
    return begins && QUOTED.test(found) !== this.quoted;
  }

  /** False where it makes a blank line, which ends a paragraph. */
  lineBreak(): boolean {
    this.gap = null;
    if (this.atStart) return this.isEmpty;
    this.text += "\n";
    this.atStart = true;
    return true;
  }

  /** Something stands here that is not read. */
  skip(): void {
    this.apart = true;
  }

  /** Adjoining pieces of a node become one: a paragraph without markup has a single piece. */
  private write(node: Text, from: number, written: string): void {
    const at = this.text.length;
    const last = this.pieces.at(-1);
    if (last?.node === node && last.from + last.length === from && last.at + last.length === at) {
      this.pieces[this.pieces.length - 1] = { ...last, length: last.length + written.length };
    } else {
      this.pieces.push({ node, from, at, length: written.length, apart: this.apart });
    }
    this.text += written;
    // A space says nothing of the side it is on: what comes after it is apart, too.
    if (/\S/.test(written)) {
      if (this.atStart) this.quoted = QUOTED.test(written);
      this.atStart = false;
      this.apart = false;
    }
  }

  build(): Block | null {
    const text = this.text.trimEnd();
    if (!/[\p{L}\p{N}]/u.test(text)) return null;
    const { element, kind, pieces } = this;
    if (this.linked > text.length * LINK_SHARE && kind !== "heading") return border(element);
    return { element, kind, text, pieces, words: countWords(text) };
  }
}

/** A rule across the page, the name of the next writer, links to more: the text may be another's below. */
export function border(element: Element): Block {
  return { element, kind: "border", text: "", pieces: [], words: 0 };
}
