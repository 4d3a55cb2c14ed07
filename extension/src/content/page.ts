/** A page, or a frame of it, under check: reads it, asks about it, and marks what is answered. */

import { words as wordsOf, type Words } from "../shared/i18n";
import type { Answer, PageCommand, ToPage } from "../shared/messages";
import { MIN_WORDS, type Refusal, type Score } from "../shared/score";
import { DEFAULTS, view, type View } from "../shared/settings";
import { INITIAL, type State } from "../shared/state";
import { anchor } from "./anchor";
import { scoreCard, stateCard } from "./card";
import { extract, liesInLeftOut, type Eyes } from "./extract";
import { join } from "./join";
import { Link } from "./link";
import { marks } from "./marks";
import { Overlay, type Bar } from "./overlay";
import { createPainter, type Painter } from "./paint";
import { elementsOf, Passages, scopeOf, type Passage } from "./passages";
import { inSlices, pause } from "./slices";
import type { Block } from "./text";
import { Watch } from "./watch";

/** Asked about at once. Few, so that a reader who scrolls on is not kept waiting. */
const ASKED = 24;
/** Ranges on the page at once: the browser's cost grows with them. */
const MOST_RANGES = 400;
/** How far from the viewport a passage is of interest, in heights of it. */
const INTEREST = 1.5;
/** The rest between two readings of a page that never stops changing, in times of their cost. */
const REST = 8;
const LONGEST_REST = 1_000;
const REPORT_REST = 150;
const HOVER = 120;

interface Selected {
  readonly id: number;
  readonly text: string;
  readonly range: Range;
  answered: boolean;
}

export class Page {
  private active = false;
  private view: View = view(DEFAULTS);
  private minWords = MIN_WORDS;
  private state: State = INITIAL;
  private words: Words = wordsOf("auto");
  private passages = new Passages();
  private painter: Painter | null = null;
  private watch: Watch | null = null;
  private readonly overlay = new Overlay();
  private readonly link: Link;
  private readonly dirty = new Set<Node>();
  private reading = false;
  /** When the last reading ended, and how long it took, in milliseconds. */
  private readAt = 0;
  private cost = 0;
  private timers = new Map<string, ReturnType<typeof setTimeout>>();
  private whole = false;
  private selected: Selected | null = null;
  private lastSelection = 0;
  /** The passage the keyboard command showed last. */
  private shownId = 0;
  private listening: AbortController | null = null;

  constructor(private readonly eyes: Eyes) {
    this.link = new Link({
      hear: (message) => {
        this.hear(message);
      },
      isActive: () => this.active,
      isWaiting: () =>
        this.selected?.answered === false ||
        [...this.passages.all].some(({ stage }) => stage === "asked"),
      again: () => {
        this.askAgain();
      },
      orphaned: () => {
        this.stop();
      },
    });
  }

  /** Make the worker know of this page, be it a new worker or a page that was there before. */
  present(): void {
    if (this.link.open() && this.active) this.report();
  }

  obey(command: PageCommand): void {
    switch (command.kind) {
      case "return":
        this.present();
        break;
      case "reveal": {
        const passage = this.passages.get(command.id);
        if (passage) void this.reveal(passage);
        break;
      }
      case "next":
        this.revealNext();
        break;
      case "whole":
        this.whole = true;
        this.soon("ask", 0, () => {
          this.ask();
        });
        break;
      case "selection":
        this.checkSelection();
        break;
    }
  }

  private hear(message: ToPage): void {
    switch (message.kind) {
      case "start":
        this.see(message.view, message.minWords);
        this.start();
        break;
      case "view":
        this.see(message.view, message.minWords);
        break;
      case "stop":
        this.stop();
        break;
      case "forget":
        this.forget();
        break;
      case "state":
        this.state = message.state;
        if (this.selected?.answered === false) this.showSelected(null);
        break;
      case "answers":
        for (const answer of message.answers) this.take(answer);
        break;
    }
  }

  private see(seen: View, minWords: number): void {
    const restyled = seen.style !== this.view.style;
    const rejoined = minWords !== this.minWords;
    const rethought = seen.threshold !== this.view.threshold;
    this.view = seen;
    this.minWords = minWords;
    this.words = wordsOf(seen.language);
    if (restyled) this.painter?.restyle(seen.style);
    if (rethought) for (const passage of this.passages.all) this.unpaint(passage);
    if (rejoined && this.active) {
      this.forget();
      this.read([document.body]);
    }
    if (restyled || rethought) {
      this.soon("paint", 0, () => {
        this.paint();
      });
      this.reportSoon();
    }
  }

  private start(): void {
    if (this.active) return;
    this.active = true;
    this.painter = createPainter(this.view.style);
    this.watch = new Watch({
      changed: (nodes) => {
        this.read(nodes);
      },
      moved: () => {
        this.lookSoon();
      },
      shown: (element) => {
        this.read([element]);
      },
    });
    this.watch.root(document);
    this.listen();
    // The new style sheet has the browser look at all styles once; that is a task of its own.
    void pause().then(() => {
      this.read([document.body]);
    });
  }

  private stop(): void {
    this.active = false;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.listening?.abort();
    this.watch?.dispose();
    this.painter?.dispose();
    this.watch = null;
    this.painter = null;
    this.dirty.clear();
    this.passages = new Passages();
    this.whole = false;
    this.selected = null;
    this.overlay.dispose();
  }

  /** The scores were another server's. */
  private forget(): void {
    if (!this.active) return;
    for (const passage of this.passages.all) {
      this.unpaint(passage);
      passage.score = null;
      if (passage.stage !== "short") passage.stage = "new";
    }
    this.lookSoon();
    this.reportSoon();
  }

  private listen(): void {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const quiet = { capture: true, passive: true, signal };
    const look = () => {
      this.soon("scroll", 100, () => {
        this.rereadHidden();
        this.look();
      });
      if (this.view.style === "margin") this.placeBarsSoon();
    };
    addEventListener("scroll", look, quiet);
    addEventListener("resize", look, quiet);
    addEventListener(
      "pointermove",
      (event) => {
        if (this.overlay.owns(event)) return;
        this.again("hover", HOVER, () => {
          this.point(event.clientX, event.clientY);
        });
      },
      quiet,
    );
    addEventListener(
      "pointerdown",
      (event) => {
        if (this.overlay.owns(event)) return;
        this.closeTip();
      },
      quiet,
    );
    addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape") this.closeTip();
      },
      quiet,
    );
    // A page kept for the way back has no line meanwhile; it opens another when it returns.
    addEventListener(
      "pagehide",
      () => {
        this.link.close();
      },
      quiet,
    );
    addEventListener(
      "pageshow",
      ({ persisted }) => {
        if (persisted) this.present();
      },
      quiet,
    );
  }

  /** Run `then` once after `wait`, however often it is asked for meanwhile. */
  private soon(name: string, wait: number, then: () => void): void {
    if (this.timers.has(name)) return;
    const timer = setTimeout(() => {
      this.timers.delete(name);
      then();
    }, wait);
    this.timers.set(name, timer);
  }

  /** The same, counted from the last time it is asked for. */
  private again(name: string, wait: number, then: () => void): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
    this.soon(name, wait, then);
  }

  /** Note what has to be read, and read it as soon as the page has had its rest. */
  private read(nodes: readonly Node[]): void {
    for (const node of nodes) this.dirty.add(node);
    // In proportion to what the last reading cost: at once, before the change is even seen, where
    // that was next to nothing; seldom where the page is large and never rests.
    const wait = this.readAt + Math.min(LONGEST_REST, this.cost * REST) - performance.now();
    if (wait > 0) this.soon("read", wait, () => void this.readDirty());
    else void this.readDirty();
  }

  private async readDirty(): Promise<void> {
    if (this.reading || !this.active) return;
    this.reading = true;
    const started = performance.now();
    const scopes = this.scopes();
    this.dirty.clear();
    try {
      await this.readScopes(scopes);
    } finally {
      this.reading = false;
      this.readAt = performance.now();
      this.cost = this.readAt - started;
      if (this.dirty.size > 0) this.read([]);
    }
  }

  /** The smallest set of elements that covers all that changed. */
  private scopes(): Element[] {
    const found = new Set<Element>();
    for (const node of this.dirty) {
      if (!node.isConnected) continue;
      const scope = this.passages.size === 0 ? document.body : scopeOf(node, this.passages);
      if (scope && !liesInLeftOut(scope)) found.add(scope);
    }
    // What left the page concerns no scope; an empty reading forgets it.
    const outermost = [...found].filter(
      (scope) => ![...found].some((other) => other !== scope && other.contains(scope)),
    );
    return outermost.length > 30 ? [document.body] : outermost;
  }

  private async readScopes(scopes: readonly Element[]): Promise<void> {
    const found: Block[][] = [];
    for (const scope of scopes) {
      const blocks: Block[] = [];
      const sights = {
        shadowRoot: (root: ShadowRoot) => {
          this.watch?.root(root);
          this.painter?.adopt(root);
        },
        hidden: (element: Element) => this.watch?.hide(element),
      };
      await inSlices(extract(scope, this.eyes, sights), (block) => {
        if (block) blocks.push(block);
      });
      found.push(blocks);
    }
    if (!this.active) return;
    const texts = found.flatMap((blocks) => join(blocks, this.minWords));
    const { added, removed, moved } = this.passages.replace(scopes, texts, this.minWords);
    const gone = removed.filter(({ stage }) => stage === "asked").map(({ id }) => id);
    if (gone.length > 0) this.link.say({ kind: "cancel", ids: gone });
    for (const passage of [...removed, ...moved]) this.unpaint(passage);
    // Where the same text stands anew it is as near as before, whatever the next frame will find.
    for (const passage of moved) {
      for (const element of elementsOf(passage)) this.watch?.near.add(element);
    }
    const watched = [...this.watchedBy(removed)].filter(
      (element) => !this.passages.hasElement(element),
    );
    for (const element of watched) this.watch?.unobserve(element);
    await inSlices([...added, ...moved], (passage) => {
      for (const element of elementsOf(passage)) this.watch?.observe(element);
    });
    this.painter?.ensure();
    if (moved.length > 0) this.paint();
    this.lookSoon();
    this.reportSoon();
  }

  private *watchedBy(passages: readonly Passage[]): Generator<Element> {
    for (const passage of passages) yield* elementsOf(passage);
    for (const element of this.watch?.near ?? []) if (!element.isConnected) yield element;
  }

  private rereadHidden(): void {
    const seen = this.watch?.reappeared() ?? [];
    if (seen.length > 0) this.read(seen);
  }

  private lookSoon(): void {
    this.soon("look", 30, () => {
      this.look();
    });
  }

  private look(): void {
    this.ask();
    this.paint();
  }

  /** Passages near the reader, the nearest first. */
  private nearest(wanted: (passage: Passage) => boolean): Passage[] {
    const near = new Set<Passage>();
    for (const element of this.watch?.near ?? []) {
      for (const passage of this.passages.at(element)) if (wanted(passage)) near.add(passage);
    }
    const height = window.innerHeight || 1;
    return [...near]
      .map((passage) => ({ passage, distance: distance(passage, height) }))
      .filter((one) => one.distance <= INTEREST * height)
      .sort((a, b) => a.distance - b.distance)
      .map(({ passage }) => passage);
  }

  private ask(): void {
    if (!this.active) return;
    const asked = [...this.passages.all].filter(({ stage }) => stage === "asked");
    if (!this.whole) {
      const left = asked.filter(
        (passage) => !elementsOf(passage).some((element) => this.watch?.near.has(element)),
      );
      if (left.length > 0) this.link.say({ kind: "cancel", ids: left.map(({ id }) => id) });
      for (const passage of left) passage.stage = "new";
    }
    const room = ASKED - asked.filter(({ stage }) => stage === "asked").length;
    if (room <= 0) return;
    const isNew = ({ stage }: Passage) => stage === "new";
    const next = this.nearest(isNew).slice(0, room);
    if (this.whole && next.length < room) {
      const others = [...this.passages.all].filter((one) => isNew(one) && !next.includes(one));
      next.push(...others.slice(0, room - next.length));
    }
    if (next.length === 0) return;
    for (const passage of next) passage.stage = "asked";
    this.link.say({ kind: "ask", texts: next.map(({ id, text }) => ({ id, text })) });
  }

  private askAgain(): void {
    this.askSelected();
    if (!this.active) return;
    for (const passage of this.passages.all) if (passage.stage === "asked") passage.stage = "new";
    this.report();
    this.ask();
  }

  private take({ id, score }: Answer): void {
    if (id === this.selected?.id) {
      this.selected.answered = true;
      this.showSelected(score);
      return;
    }
    const passage = this.passages.get(id);
    if (!passage) return;
    passage.score = score;
    passage.stage = "scored";
    this.soon("look", 0, () => {
      this.look();
    });
    this.reportSoon();
  }

  /** Bring the marks in line with where the reader is. */
  private paint(): void {
    if (!this.painter) return;
    const wanted = new Set<Passage>();
    let ranges = 0;
    for (const passage of this.nearest(({ score }) => score !== null)) {
      const needed = passage.painted.length || this.spans(passage).length;
      if (ranges + needed > MOST_RANGES) break;
      ranges += needed;
      wanted.add(passage);
    }
    for (const passage of this.passages.all) {
      if (passage.painted.length > 0 && !wanted.has(passage)) this.unpaint(passage);
    }
    for (const passage of wanted) {
      if (passage.painted.length > 0) continue;
      passage.painted = this.spans(passage).map(({ span, kind, level }) => {
        const range = new Range();
        range.setStart(span.startNode, span.startOffset);
        range.setEnd(span.endNode, span.endOffset);
        this.painter?.add(range, kind, level);
        return { range, kind, level };
      });
    }
    this.placeBarsSoon();
  }

  private spans(passage: Passage) {
    if (!passage.score) return [];
    return marks(passage.score, this.view.threshold).flatMap(({ start, end, kind, level }) =>
      anchor(passage, start, end)
        // The page may have cut a node short since; its change is about to be read.
        .filter(
          ({ startNode, startOffset, endNode, endOffset }) =>
            startOffset <= startNode.length && endOffset <= endNode.length,
        )
        .map((span) => ({ span, kind, level })),
    );
  }

  private unpaint(passage: Passage): void {
    for (const { range, kind, level } of passage.painted) this.painter?.remove(range, kind, level);
    passage.painted = [];
  }

  private placeBarsSoon(): void {
    this.soon("bars", 16, () => {
      this.placeBars();
    });
  }

  private placeBars(): void {
    const bars: Bar[] = [];
    if (this.view.style === "margin") {
      for (const passage of this.passages.all) {
        for (const { range, kind, level } of passage.painted) {
          const box = range.getBoundingClientRect();
          if (box.height === 0) continue;
          const holder = range.startContainer.parentElement;
          const rtl = holder !== null && getComputedStyle(holder).direction === "rtl";
          const left = rtl ? box.right + 6 : Math.max(0, box.left - 10);
          bars.push({ left, top: box.top, height: box.height, kind, level });
        }
      }
    }
    this.overlay.showBars(bars);
  }

  private reportSoon(): void {
    this.soon("report", REPORT_REST, () => {
      this.report();
    });
  }

  private report(): void {
    if (this.active) {
      this.link.say({ kind: "report", report: this.passages.report(this.view.threshold) });
    }
  }

  /** The pointer rests there. */
  private point(x: number, y: number): void {
    const passage = this.passageAt(x, y);
    if (passage?.score) {
      this.showTip(
        scoreCard(passage.score, this.minWords, this.words),
        new DOMRect(x, y - 8, 1, 16),
      );
    } else if (!this.selected && this.shownId === 0) this.closeTip();
  }

  private passageAt(x: number, y: number): Passage | undefined {
    for (const passage of this.passages.all) {
      for (const { range } of passage.painted) {
        const { left, right, top, bottom } = range.getBoundingClientRect();
        if (x < left - 12 || x > right + 12 || y < top || y > bottom) continue;
        const boxes =
          this.view.style === "margin" ? [range.getBoundingClientRect()] : range.getClientRects();
        for (const box of boxes) {
          if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) return passage;
        }
      }
    }
    return undefined;
  }

  private showTip(card: HTMLElement, place: DOMRect): void {
    this.overlay.showTip(card, place, this.words.language);
  }

  private closeTip(): void {
    this.selected = null;
    this.shownId = 0;
    this.overlay.hideTip();
  }

  private async reveal(passage: Passage): Promise<void> {
    const range = startOf(passage);
    const holder = range.startContainer.parentElement;
    if (!holder) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = still ? "auto" : "smooth";
    holder.scrollIntoView({ block: "center", behavior });
    await settled(range);
    const box = range.getBoundingClientRect();
    if (box.top < 0 || box.bottom > window.innerHeight) {
      // An element taller than the screen: its middle says nothing about its passages.
      window.scrollBy({ top: box.top - window.innerHeight / 3, behavior: "auto" });
    }
    this.look();
    if (!passage.score) return;
    this.selected = null;
    this.shownId = passage.id;
    const card = scoreCard(passage.score, this.minWords, this.words);
    this.showTip(card, range.getBoundingClientRect());
  }

  /** The next marked passage after the one shown last, in the order of the page. */
  private revealNext(): void {
    const marked = [...this.passages.all]
      .filter(({ score }) => score && marks(score, this.view.threshold).length > 0)
      .sort((a, b) => startOf(a).compareBoundaryPoints(Range.START_TO_START, startOf(b)));
    const index = marked.findIndex(({ id }) => id === this.shownId);
    const passage = marked[(index + 1) % marked.length];
    if (passage) void this.reveal(passage);
  }

  private checkSelection(): void {
    const selection = document.getSelection();
    if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return;
    this.lastSelection -= 1;
    this.selected = {
      id: this.lastSelection,
      text: selection.toString(),
      range: selection.getRangeAt(0).cloneRange(),
      answered: false,
    };
    if (!this.listening || this.listening.signal.aborted) this.listen();
    this.showSelected(null);
    this.askSelected();
  }

  private askSelected(): void {
    if (this.selected?.answered !== false) return;
    const { id, text } = this.selected;
    this.link.say({ kind: "ask", texts: [{ id, text }] });
  }

  private showSelected(score: Score | Refusal | null): void {
    if (!this.selected) return;
    const card = score
      ? scoreCard(score, this.minWords, this.words)
      : stateCard(this.state, this.words);
    this.showTip(card, this.selected.range.getBoundingClientRect());
  }
}

function startOf(passage: Passage): Range {
  const range = new Range();
  const [span] = anchor(passage, 0, passage.text.length);
  if (span) {
    range.setStart(span.startNode, Math.min(span.startOffset, span.startNode.length));
    range.setEnd(span.startNode, Math.min(span.startOffset + 1, span.startNode.length));
  }
  return range;
}

/** How far a passage begins from the middle of the screen; 0 if it begins on it. */
function distance(passage: Passage, height: number): number {
  const { top, bottom } = startOf(passage).getBoundingClientRect();
  if (bottom >= 0 && top <= height) return 0;
  return top > height ? top - height : -bottom;
}

/** Until the page stands still under a smooth scroll, or a second has passed. */
async function settled(range: Range): Promise<void> {
  let last = Number.NaN;
  for (let frame = 0; frame < 60; frame += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { top } = range.getBoundingClientRect();
    if (top === last) return;
    last = top;
  }
}
