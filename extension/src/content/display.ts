/** Marks on the page: which of them are there, the bars beside them, what lies under the pointer. */

import type { View } from "../shared/settings";
import { BAR_WIDTH } from "../shared/style";
import { anchor, type Span } from "./anchor";
import { marks, type Mark } from "./marks";
import type { Bar, Overlay } from "./overlay";
import { createPainter } from "./paint";
import { contains, type Passage } from "./passages";
import { overlap, windowOf } from "./place";

/** Ranges on the page at once: the browser's cost grows with them. */
const MOST_RANGES = 400;

interface Placed {
  readonly span: Span;
  readonly mark: Mark;
}

export class Display {
  private readonly painter;
  private readonly painted = new Set<Passage>();

  constructor(
    private view: View,
    private readonly overlay: Overlay,
  ) {
    this.painter = createPainter(view.style);
  }

  /** Make marks visible in a shadow tree too. */
  adopt(root: ShadowRoot): void {
    this.painter.adopt(root);
  }

  change(view: View): void {
    const { style, threshold } = this.view;
    if (view.style !== style) this.painter.restyle(view.style);
    if (view.threshold !== threshold) for (const passage of this.painted) this.unpaint(passage);
    this.view = view;
  }

  dispose(): void {
    this.painter.dispose();
  }

  /** Mark these, in their order of importance, and no others. */
  paint(nearest: readonly Passage[]): void {
    this.painter.ensure();
    const wanted = new Set<Passage>();
    let ranges = 0;
    for (const passage of nearest) {
      ranges += passage.painted.length || this.place(passage).length;
      if (ranges > MOST_RANGES) break;
      wanted.add(passage);
    }
    for (const passage of this.painted) if (!wanted.has(passage)) this.unpaint(passage);
    for (const passage of wanted) if (passage.painted.length === 0) this.mark(passage);
  }

  unpaint(passage: Passage): void {
    for (const { range, kind, level } of passage.painted) this.painter.remove(range, kind, level);
    passage.painted = [];
    this.painted.delete(passage);
  }

  private mark(passage: Passage): void {
    passage.painted = this.place(passage).map(({ span, mark: { kind, level } }) => {
      const range = new Range();
      range.setStart(span.startNode, span.startOffset);
      range.setEnd(span.endNode, span.endOffset);
      this.painter.add(range, kind, level);
      return { range, span, kind, level };
    });
    if (passage.painted.length > 0) this.painted.add(passage);
  }

  private place(passage: Passage): Placed[] {
    if (!passage.score) return [];
    return marks(passage.score, this.view.threshold).flatMap((mark) =>
      anchor(passage, mark.start, mark.end)
        // The page may have cut a node short since; its change is about to be read.
        .filter(
          ({ startNode, startOffset, endNode, endOffset }) =>
            startOffset <= startNode.length && endOffset <= endNode.length,
        )
        .map((span) => ({ span, mark })),
    );
  }

  get hasBars(): boolean {
    return this.view.style === "margin";
  }

  placeBars(): void {
    const windows = new Map<Element, DOMRect>();
    const painted = this.hasBars ? [...this.painted].flatMap((passage) => passage.painted) : [];
    this.overlay.showBars(painted.flatMap((one) => barOf(one, windows)));
  }

  passageAt(x: number, y: number): Passage | undefined {
    for (const passage of this.painted) {
      for (const { range } of passage.painted) {
        const whole = range.getBoundingClientRect();
        // A bar belongs to its text and to the gap between them.
        if (!holds(whole, x, y, 12) || isCovered(range, x, y)) continue;
        if (this.hasBars) return passage;
        for (const box of range.getClientRects()) if (holds(box, x, y, 0)) return passage;
      }
    }
    return undefined;
  }
}

function holds(
  { left, right, top, bottom }: DOMRect,
  x: number,
  y: number,
  slack: number,
): boolean {
  return x >= left - slack && x <= right + slack && y >= top && y <= bottom;
}

/** Whether something else lies on top there, a dialog say: neither in the text's element nor around it. */
function isCovered({ commonAncestorContainer: common }: Range, x: number, y: number): boolean {
  const holder = common instanceof Element ? common : common.parentElement;
  const there = (holder?.getRootNode() as Document | ShadowRoot | undefined)?.elementsFromPoint(
    x,
    y,
  );
  const top = there?.find((one) => !isClear(one));
  return !holder || !top || !(contains(top, holder) || contains(holder, top));
}

/** Whether it is seen through, as a link that is laid over a whole card. */
function isClear(element: Element): boolean {
  return (
    element.localName === "a" && getComputedStyle(element).backgroundColor === "rgba(0, 0, 0, 0)"
  );
}

/** A bar beside what can be seen of a mark: what a box cuts off has none beside whatever is there. */
function barOf(
  { range, kind, level }: Passage["painted"][number],
  windows: Map<Element, DOMRect>,
): Bar[] {
  const holder = range.startContainer.parentElement;
  if (!holder) return [];
  const { left, right, top, width, height } = overlap(
    range.getBoundingClientRect(),
    windowOf(holder, windows),
  );
  if (width <= 0 || height <= 0) return [];
  const rtl = getComputedStyle(holder).direction === "rtl";
  return [{ left: rtl ? rightOf(right) : Math.max(0, left - 10), top, height, kind, level }];
}

/** Beyond the edge of the window a bar would have the page scroll sideways. */
function rightOf(right: number): number {
  const edge = document.documentElement.clientWidth;
  return right <= edge ? Math.min(right + 6, edge - BAR_WIDTH) : right + 6;
}
