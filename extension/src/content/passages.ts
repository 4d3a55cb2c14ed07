/** The passages a page has now, found by their elements; they outlive a re-rendering by text. */

import { NO_WORDS, type Report, type Counted } from "../shared/messages";
import type { Refusal, Score } from "../shared/score";
import type { Level, MarkKind } from "../shared/style";
import { standing } from "../shared/verdict";
import type { Span } from "./anchor";
import { parentOf } from "./extract";
import { marks } from "./marks";
import type { Part, PassageText } from "./text";

const STRONGEST = 12;
const EXCERPT = 160;

export interface Painted {
  readonly range: Range;
  /** Where the range was set. */
  readonly span: Span;
  readonly kind: MarkKind;
  readonly level: Level;
}

export interface Passage {
  readonly id: number;
  readonly text: string;
  readonly words: number;
  /** Where it is; replaced when the page renders the same text anew. */
  parts: readonly Part[];
  /** `short` is never asked about. */
  stage: "short" | "new" | "asked" | "scored";
  score: Score | Refusal | null;
  painted: readonly Painted[];
}

export function elementsOf(passage: Passage): Element[] {
  return [...new Set(passage.parts.map(({ block }) => block.element))];
}

/** Whether `inner` is `outer` or below it, shadow trees included. */
export function contains(outer: Node, inner: Element): boolean {
  for (let element: Element | null = inner; element;) {
    if (outer.contains(element)) return true;
    const root: Node = element.getRootNode();
    element = root instanceof ShadowRoot ? root.host : null;
  }
  return false;
}

export interface Change {
  readonly added: readonly Passage[];
  readonly removed: readonly Passage[];
  /** The same text at another place. */
  readonly moved: readonly Passage[];
}

/** Of all passages there ever were: an answer that comes late must not find another with its id. */
let lastId = 0;

export class Passages {
  private readonly byId = new Map<number, Passage>();
  private readonly byElement = new Map<Element, Set<Passage>>();

  get all(): Iterable<Passage> {
    return this.byId.values();
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: number): Passage | undefined {
    return this.byId.get(id);
  }

  /** In the order of the page. */
  at(element: Element): ReadonlySet<Passage> {
    return this.byElement.get(element) ?? new Set();
  }

  hasElement(element: Element): boolean {
    return this.byElement.has(element);
  }

  /**
   * Put `found`, in their order, in the place of what was in `scopes` and of what left the page.
   * A passage whose text is still there keeps its score.
   */
  replace(scopes: readonly Node[], found: readonly PassageText[], minWords: number): Change {
    const old = new Map<string, Passage[]>();
    for (const passage of this.byId.values()) {
      const elements = elementsOf(passage);
      const gone = elements.some((element) => !element.isConnected);
      if (gone || scopes.some((scope) => elements.some((element) => contains(scope, element)))) {
        old.set(passage.text, [...(old.get(passage.text) ?? []), passage]);
      }
    }
    const added: Passage[] = [];
    const moved: Passage[] = [];
    for (const { text, words, parts } of found) {
      const known = old.get(text)?.shift();
      if (known) {
        const isMoved = !samePlace(known.parts, parts) || !known.painted.every(stands);
        // Listed anew in any case, for those of an element to stay in the order of the page.
        this.unlist(known);
        if (isMoved) {
          known.parts = parts;
          moved.push(known);
        }
        this.list(known);
      } else {
        lastId += 1;
        const stage = words < minWords ? "short" : "new";
        const passage: Passage = {
          id: lastId,
          text,
          words,
          parts,
          stage,
          score: null,
          painted: [],
        };
        this.byId.set(passage.id, passage);
        this.list(passage);
        added.push(passage);
      }
    }
    const removed = [...old.values()].flat();
    for (const passage of removed) {
      this.byId.delete(passage.id);
      this.unlist(passage);
    }
    return { added, removed, moved };
  }

  private list(passage: Passage): void {
    for (const element of elementsOf(passage)) {
      const there = this.byElement.get(element);
      if (there) there.add(passage);
      else this.byElement.set(element, new Set([passage]));
    }
  }

  private unlist(passage: Passage): void {
    for (const element of elementsOf(passage)) {
      const there = this.byElement.get(element);
      there?.delete(passage);
      if (there?.size === 0) this.byElement.delete(element);
    }
  }

  report(threshold: number): Report {
    const words: Record<keyof Counted, number> = { ...NO_WORDS };
    const marked: { passage: Passage; score: Score }[] = [];
    let ai = 0;
    let unclear = 0;
    for (const passage of this.byId.values()) {
      const { score, stage } = passage;
      const kind = score ? standing(score) : stage === "short" ? "short" : "waiting";
      words[kind] += passage.words;
      if (!score || "error" in score || marks(score, threshold).length === 0) continue;
      if (kind === "ai") ai += 1;
      if (kind === "unclear") unclear += 1;
      marked.push({ passage, score });
    }
    const strongest = marked
      .sort((a, b) => (b.score.probability ?? 0) - (a.score.probability ?? 0))
      .slice(0, STRONGEST)
      .map(({ passage: { id, text }, score }) => ({
        id,
        excerpt: excerpt(text),
        verdict: score.verdict,
        probability: score.probability ?? 0,
      }));
    return { words, ai, unclear, strongest };
  }
}

/** A range leaves its text when that is taken out or written anew, though the same is put back. */
function stands({ range, span }: Painted): boolean {
  return (
    range.startContainer === span.startNode &&
    range.startOffset === span.startOffset &&
    range.endContainer === span.endNode &&
    range.endOffset === span.endOffset
  );
}

function samePlace(a: readonly Part[], b: readonly Part[]): boolean {
  return (
    a.length === b.length &&
    a.every((part, index) => {
      const other = b[index];
      return (
        part.from === other?.from &&
        part.block.element === other.block.element &&
        part.block.pieces.length === other.block.pieces.length &&
        part.block.pieces.every((piece, n) => {
          const twin = other.block.pieces[n];
          return (
            piece.node === twin?.node && piece.from === twin.from && piece.apart === twin.apart
          );
        })
      );
    })
  );
}

/** How it begins, on one line. */
export function excerpt(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  if (flat.length <= EXCERPT) return flat;
  // At a word's end, which also keeps surrogate pairs whole.
  return `${flat.slice(0, EXCERPT).replace(/\s+\S*$/, "")} …`;
}

/** The nearest element up from `node` that holds passages, or that something else makes a scope. */
export function scopeOf(node: Node, passages: Passages): Element | null {
  const element = node instanceof Element ? node : parentOf(node);
  let up = element;
  while (up && !passages.hasElement(up)) up = parentOf(up);
  if (!up) return element;
  // A block's neighbours may be joined with it: its parent is what has to be read again, and where that
  // has text of its own, which has neighbours too, the parent of that.
  let scope = up;
  while (passages.hasElement(scope)) {
    const parent = parentOf(scope);
    if (!parent) break;
    scope = parent;
  }
  return scope;
}
