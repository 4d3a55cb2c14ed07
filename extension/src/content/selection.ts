/** What the reader selected and asked about: one text, one answer, nothing marked. */

import type { Asked } from "../shared/messages";

export class Selection {
  private id = 0;
  private pending: Asked | null = null;
  private range: Range | null = null;

  /** Take what is selected now; false where nothing is. */
  take(): boolean {
    const selection = document.getSelection();
    if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return false;
    // Passages have ids above 0.
    this.id -= 1;
    this.pending = { id: this.id, text: selection.toString() };
    this.range = selection.getRangeAt(0).cloneRange();
    return true;
  }

  /** What still has no answer. */
  get waiting(): Asked | null {
    return this.pending;
  }

  get isOpen(): boolean {
    return this.range !== null;
  }

  get place(): DOMRect {
    return this.range?.getBoundingClientRect() ?? new DOMRect();
  }

  /** Whether an answer with this id is the one that is waited for. */
  isAnswered(id: number): boolean {
    if (this.pending?.id !== id) return false;
    this.pending = null;
    return true;
  }

  close(): void {
    this.pending = null;
    this.range = null;
  }
}
