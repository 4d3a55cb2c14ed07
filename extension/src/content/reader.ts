/** Reads the page, and again whatever changes: blocks to passages, in slices, with rests between. */

import { extract, outermostUnread, type Eyes } from "./extract";
import { join } from "./join";
import { contains, elementsOf, scopeOf, type Change, type Passages } from "./passages";
import { inSlices } from "./slices";
import type { Block } from "./text";
import type { Timers } from "./timers";
import type { Watch } from "./watch";

/** The rest between two readings of a page that never stops changing, in times of their cost. */
const REST = 8;
const LONGEST_REST = 1_000;
/** From so many changed places on the whole page is read instead. */
const MANY_PLACES = 30;

export interface Reading {
  /** A shadow tree was found. */
  readonly tree: (root: ShadowRoot) => void;
  /** The passages changed; their new elements are watched from here on. */
  readonly changed: (change: Change) => void;
  /** All that could be read is. */
  readonly done: (change: Change) => void;
}

export class Reader {
  private readonly dirty = new Set<Node>();
  private reading = false;
  /** When the last reading ended, and how long it took, in milliseconds. */
  private readAt = 0;
  private cost = 0;
  private stopped = false;

  constructor(
    private readonly passages: Passages,
    private readonly watch: Watch,
    private readonly timers: Timers,
    private readonly eyes: Eyes,
    private readonly minWords: () => number,
    private readonly on: Reading,
  ) {}

  stop(): void {
    this.stopped = true;
  }

  /** Note what has to be read, and read it as soon as the page has had its rest. */
  read(nodes: readonly Node[]): void {
    for (const node of nodes) this.dirty.add(node);
    // In proportion to what the last reading cost: at once, before the change is even seen, where
    // that was next to nothing; seldom where the page is large and never rests.
    const wait = this.readAt + Math.min(LONGEST_REST, this.cost * REST) - performance.now();
    if (wait > 0) this.timers.soon("read", wait, () => void this.readDirty());
    else void this.readDirty();
  }

  private async readDirty(): Promise<void> {
    if (this.reading || this.stopped) return;
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
      // What left the page needs no reading: Passages forgets what is no longer connected.
      if (!node.isConnected) continue;
      const scope = this.passages.size === 0 ? document.body : scopeOf(node, this.passages);
      if (scope) found.add(scope);
    }
    const places = found.size > MANY_PLACES ? [document.body] : [...found];
    // What came to lie in something hidden, or in an editor, is forgotten along with all of that.
    const scopes = new Set(places.map((scope) => outermostUnread(scope) ?? scope));
    return [...scopes].filter(
      (scope) => ![...scopes].some((other) => other !== scope && contains(other, scope)),
    );
  }

  private async readScopes(scopes: readonly Element[]): Promise<void> {
    const found: Block[][] = [];
    const sights = {
      shadowRoot: this.on.tree,
      hidden: (element: Element) => {
        this.watch.hide(element);
      },
    };
    for (const scope of scopes) {
      const blocks: Block[] = [];
      await inSlices(extract(scope, this.eyes, sights), (block) => {
        if (block) blocks.push(block);
      });
      found.push(blocks);
    }
    if (this.stopped) return;
    const minWords = this.minWords();
    const texts = found.flatMap((blocks) => join(blocks, minWords));
    const change = this.passages.replace(scopes, texts, minWords);
    this.on.changed(change);
    for (const element of change.removed.flatMap(elementsOf)) {
      if (!this.passages.hasElement(element)) this.watch.unobserve(element);
    }
    this.watch.prune();
    // Where the same text stands anew it is as near as before, whatever the next frame will find.
    for (const passage of change.moved) {
      for (const element of elementsOf(passage)) this.watch.near.add(element);
    }
    await inSlices([...change.added, ...change.moved], (passage) => {
      for (const element of elementsOf(passage)) this.watch.observe(element);
    });
    this.on.done(change);
  }
}
