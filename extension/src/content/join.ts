/** Blocks to passages: short neighbours together, long blocks cut. Pure. */

import { MIN_WORDS } from "../shared/score";
import { QUOTED, type Block, type Part, type PassageText } from "./text";

/** What a passage has at most, in words: about two of the model's windows, and soon answered. */
export const MOST_WORDS = 300;
/** Between blocks: the server takes them for paragraphs, and glues no sentence across. */
export const SEPARATOR = "\n\n";
const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*$/u;
/** Questions belong to their answers. */
const STATEMENT_END = /[.!…:]["'”’»)\]]*$/u;
/** What a statement has at least, in words: a counter that ticks has fewer. */
const LEAST_WORDS = 10;
/** Of another writer, or about another thing, than what is beside them: replies on talk pages are DDs. */
const APART = new Set("dd td th blockquote".split(" "));

/** Blocks whose parts stand side by side in one parent, and of one kind. */
function areNeighbours(a: Block, b: Block): boolean {
  return (
    a.kind === b.kind &&
    isText(a) &&
    ![a, b].some(({ text }) => QUOTED.test(text)) &&
    // A block that holds several has text of its own between them: it is its own parent.
    (a.element === b.element || areSideBySide(a, b) || holds(a, b) || holds(b, a))
  );
}

function isText({ kind }: Block): boolean {
  return kind === "paragraph" || kind === "item";
}

function areSideBySide({ element: a }: Block, { element: b }: Block): boolean {
  return a.parentNode === b.parentNode && !APART.has(a.localName) && !APART.has(b.localName);
}

/** Whether a text goes on in paragraphs without being one itself: "Loose<p>Second<p>Third". */
function holds({ element: holder }: Block, { element }: Block): boolean {
  return element.localName === "p" && element.parentNode === holder;
}

/** The blocks, cut where two in a row are no neighbours. */
export function runs(blocks: readonly Block[]): Block[][] {
  const found: Block[][] = [];
  for (const block of blocks) {
    const run = found.at(-1);
    const last = run?.at(-1);
    if (run && last && areNeighbours(last, block)) run.push(block);
    else found.push([block]);
  }
  return found;
}

/**
 * The passages of some blocks, in their order. Headings and borders are none: they are too short to be
 * judged, and belong to no paragraph.
 *
 * @param minWords words of the shortest text that the server judges
 */
export function join(blocks: readonly Block[], minWords: number): PassageText[] {
  return runs(blocks).flatMap((run) =>
    run.every(isText) ? attached(groups(run, minWords), minWords).flatMap(passages) : [],
  );
}

/**
 * A run in groups. A block that is long enough stands alone: a counter that ticks next to a paragraph
 * must not change its text. Short ones go together, and what is left of them goes with the short ones
 * before it.
 */
function groups(run: readonly Block[], minWords: number): Block[][] {
  const found: Block[][] = [];
  let open: Block[] = [];
  let joined: Block[] | undefined;
  const close = () => {
    if (open.length === 0) return;
    if (joined) joined.push(...open);
    else found.push(open);
    open = [];
  };
  for (const block of run) {
    if (block.words >= minWords) {
      close();
      joined = undefined;
      found.push([block]);
    } else {
      open.push(block);
      if (total(open) >= minWords) {
        joined = open;
        found.push(open);
        open = [];
      }
    }
  }
  close();
  return found;
}

/**
 * A short paragraph that could not be judged goes with the long one before it, else with the one
 * behind. Not so one that nothing follows: it may still be being written.
 */
function attached(all: readonly Block[][], minWords: number): Block[][] {
  const found: Block[][] = [];
  let ahead: Block[] = [];
  for (const [index, group] of all.entries()) {
    const before = found.at(-1);
    const behind = all[index + 1];
    const isLast = !behind && !group.at(-1)?.element.nextElementSibling;
    if (isLast || total(group) >= minWords || !areStatements(group)) {
      found.push([...ahead, ...group]);
      ahead = [];
    } else if (before && areParagraphs(before, group)) before.push(...group);
    else if (behind && areParagraphs(group, behind)) ahead = group;
    else found.push(group);
  }
  return found;
}

function total(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { words }) => sum + words, 0);
}

function areStatements(blocks: readonly Block[]): boolean {
  return blocks.every(({ text, words }) => words >= LEAST_WORDS && STATEMENT_END.test(text));
}

/** Of one text, and no more than a passage holds. Boxes side by side are of many writers. */
function areParagraphs(a: readonly Block[], b: readonly Block[]): boolean {
  const all = [...a, ...b];
  return all.every(({ element }) => element.localName === "p") && total(all) <= MOST_WORDS;
}

/** A group as one text, or as several where it is long. */
function passages(group: readonly Block[]): PassageText[] {
  const pieces = group.flatMap((block) =>
    cut(block.text, block.words).map((span) => ({ block, ...span })),
  );
  const found: { parts: Part[]; text: string; words: number }[] = [];
  for (const { block, from, to, words } of pieces) {
    const last = found.at(-1);
    if (last && last.words + words <= MOST_WORDS) {
      last.text += SEPARATOR;
      last.parts.push({ block, from, to, at: last.text.length });
      last.text += block.text.slice(from, to);
      last.words += words;
    } else {
      found.push({ parts: [{ block, from, to, at: 0 }], text: block.text.slice(from, to), words });
    }
  }
  return found;
}

/** Where to cut a text of `all` words into about MOST_WORDS, at ends of sentences if there are. */
export function cut(text: string, all: number): { from: number; to: number; words: number }[] {
  if (all <= MOST_WORDS) return [{ from: 0, to: text.length, words: all }];
  // Even shares: 310 words make two of 155, not one of 300 and one too short to be judged.
  const share = Math.ceil(all / Math.ceil(all / (MOST_WORDS * 0.8)));
  const found: { from: number; to: number; words: number }[] = [];
  let from = -1;
  let to = 0;
  let words = 0;
  for (const match of text.matchAll(/\S+/g)) {
    if (from < 0) from = match.index;
    to = match.index + match[0].length;
    words += 1;
    const ends = SENTENCE_END.test(match[0]);
    if (words >= MOST_WORDS || (words >= share && ends)) {
      found.push({ from, to, words });
      from = -1;
      words = 0;
    }
  }
  if (from < 0) return found;
  const last = found.at(-1);
  // A rest too short to be judged goes with the cut before it.
  if (last && words < MIN_WORDS) {
    found[found.length - 1] = { from: last.from, to, words: last.words + words };
  } else found.push({ from, to, words });
  return found;
}
