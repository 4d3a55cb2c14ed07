/** The list of the strongest passages. */

import type { Words } from "../shared/i18n";
import type { Strong } from "../shared/messages";
import { verdictLine } from "../shared/wording";

interface Row {
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly line: HTMLElement;
  readonly text: HTMLElement;
}

/**
 * It changes several times a second while a page is scored. What is still there stays the same element:
 * a new one would know nothing of the pointer or the key that was pressed on the one before.
 */
export class StrongestList {
  private readonly rows = new Map<string, Row>();
  /** What is shown, to tell whether anything changed. */
  private shown = "";

  constructor(
    private readonly list: HTMLElement,
    private readonly reveal: (passage: Pick<Strong, "frame" | "id">) => void,
  ) {}

  show(strongest: readonly Strong[], words: Words): void {
    const wanted = JSON.stringify([words.language, strongest]);
    if (wanted === this.shown) return;
    this.shown = wanted;
    const focused = document.activeElement;
    const keys = new Set(strongest.map(keyOf));
    for (const [key, { item }] of this.rows) {
      if (keys.has(key)) continue;
      this.rows.delete(key);
      item.remove();
    }
    for (const [index, passage] of strongest.entries()) {
      const { item, button, line, text } = this.rowOf(passage);
      button.dataset.verdict = passage.verdict;
      line.textContent = verdictLine(passage, words);
      text.textContent = passage.excerpt;
      const there = this.list.children[index];
      if (there !== item) this.list.insertBefore(item, there ?? null);
    }
    this.list.hidden = strongest.length === 0;
    // One that had to change its place lost it.
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
  }

  private rowOf(passage: Strong): Row {
    const known = this.rows.get(keyOf(passage));
    if (known) return known;
    const { frame, id } = passage;
    const item = document.createElement("li");
    const button = document.createElement("button");
    const line = document.createElement("b");
    const text = document.createElement("span");
    button.type = "button";
    button.append(line, text);
    button.addEventListener("click", () => {
      this.reveal({ frame, id });
    });
    item.append(button);
    const row = { item, button, line, text };
    this.rows.set(keyOf(passage), row);
    return row;
  }
}

function keyOf({ frame, id }: Strong): string {
  return `${frame}/${id}`;
}
