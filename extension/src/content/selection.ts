/** What the reader selected and asked about: one text, one answer, nothing marked. */

import type { Asked } from "../shared/messages";

export class Selection {
  private id = 0;
  private pending: Asked | null = null;
  private taken: Range | Element | null = null;

  /** Take what is selected now: in a field, of whose selection the document knows nothing, `text`. */
  take(text: string): Asked {
    const selection = document.getSelection();
    const { activeElement } = document;
    const inField = activeElement?.matches("input, textarea") === true;
    const range =
      selection && !selection.isCollapsed && !inField ? selection.getRangeAt(0).cloneRange() : null;
    // Passages have ids above 0.
    this.id -= 1;
    this.pending = { id: this.id, text: range ? String(selection) : text };
    this.taken = range ?? activeElement;
    return this.pending;
  }

  /** What still has no answer. */
  get waiting(): Asked | null {
    return this.pending;
  }

  get isOpen(): boolean {
    return this.taken !== null;
  }

  get place(): DOMRect {
    return this.taken?.getBoundingClientRect() ?? new DOMRect();
  }

  /** Whether an answer with this id is the one that is waited for. */
  isAnswered(id: number): boolean {
    if (this.pending?.id !== id) return false;
    this.pending = null;
    return true;
  }

  close(): void {
    this.pending = null;
    this.taken = null;
  }
}
