import { describe, expect, test } from "vitest";
import { cut, join, MOST_WORDS, SEPARATOR } from "../../src/content/join";
import { countWords, type Block, type BlockKind } from "../../src/content/text";

const parents = {
  article: document.createElement("article"),
  aside: document.createElement("div"),
};

function block(words: number, kind: BlockKind = "paragraph", parent = parents.article): Block {
  const element = document.createElement("p");
  parent.append(element);
  const text = Array.from({ length: words }, (_, n) => `w${n}`).join(" ");
  return { element, kind, text, pieces: [], words };
}

function sizes(blocks: readonly Block[]): number[][] {
  return join(blocks, 40).map(({ parts }) => parts.map((part) => part.block.words));
}

describe("passages", () => {
  test("are long paragraphs by themselves, whatever ticks beside them", () => {
    expect(sizes([block(50), block(3), block(60)])).toEqual([[50], [3], [60]]);
  });

  test("are short neighbours together, and what is left over with them", () => {
    expect(sizes([block(15), block(15), block(15), block(20)])).toEqual([[15, 15, 15, 20]]);
    expect(sizes([block(20), block(20), block(20), block(20), block(5)])).toEqual([
      [20, 20],
      [20, 20, 5],
    ]);
  });

  test("take in a paragraph between them that is too short to be judged", () => {
    const said = (words: number, end = ".", tag = "p"): Block => {
      const one = block(words);
      const element = document.createElement(tag);
      parents.article.append(element);
      return { ...one, element, text: `${one.text}${end}` };
    };
    expect(sizes([block(50), said(15), block(60)])).toEqual([[50, 15], [60]]);
    expect(sizes([said(15), said(12), block(60), block(50)])).toEqual([[15, 12, 60], [50]]);
    expect(sizes([block(290), said(15), block(60)])).toEqual([[290], [15, 60]]);
    expect(sizes([block(290), said(15), block(290)])).toEqual([[290], [15], [290]]);
    expect(sizes([block(50), said(15), said(30), said(15), block(60)])).toEqual([
      [50],
      [15, 30, 15],
      [60],
    ]);
    expect(sizes([block(50), said(15), block(4, "heading")])).toEqual([[50, 15]]);
    // Neither what may still be being written, a question, a part of a sentence, a counter,
    expect(sizes([block(50), said(15)])).toEqual([[50], [15]]);
    for (const other of [said(15, "?"), said(15, ""), said(9)]) {
      expect(sizes([block(50), other, block(60)])).toEqual([[50], [other.words], [60]]);
    }
    expect(sizes([block(50), said(15), block(3), block(60)])).toEqual([[50], [15, 3], [60]]);
    // nor a comment, a cell, a quotation,
    for (const tag of ["div", "td", "blockquote"]) {
      expect(sizes([block(50), said(15, ".", tag), block(60)])).toEqual([[50], [15], [60]]);
    }
    // of which all but the comments, which none can tell from paragraphs, are not joined at all.
    for (const tag of ["dd", "td", "th", "blockquote"]) {
      const one = said(25, ".", tag);
      expect(sizes([one, said(25, ".", tag)])).toEqual([[25], [25]]);
      expect(sizes([one, said(25)])).toEqual([[25], [25]]);
      expect(sizes([one, { ...block(25), element: one.element }])).toEqual([[25, 25]]);
    }
  });

  test("never glue headings or list items to paragraphs, nor one comment to another", () => {
    for (const kind of ["heading", "border"] as const) {
      expect(sizes([block(20), block(4, kind), block(20)])).toEqual([[20], [20]]);
      expect(sizes([block(4, kind), block(4, kind)])).toEqual([]);
    }
    expect(sizes([block(20), block(20, "item"), block(20, "item")])).toEqual([[20], [20, 20]]);
    expect(sizes([block(20), block(20, "paragraph", parents.aside)])).toEqual([[20], [20]]);
  });

  test("join loose text and the paragraphs it goes on in, but not the comment below it", () => {
    const loose = block(20);
    const inner = (tag: string): Block => ({
      ...block(20),
      element: loose.element.appendChild(document.createElement(tag)),
    });
    expect(sizes([loose, inner("p"), inner("p")])).toEqual([[20, 20, 20]]);
    expect(sizes([inner("p"), loose])).toEqual([[20, 20]]);
    expect(sizes([loose, inner("div")])).toEqual([[20], [20]]);
  });

  test("never join what is quoted with its answer, be it in loose text or in paragraphs", () => {
    const comment = block(20);
    const more = (text = "", element = comment.element): Block => {
      const one = { ...block(20), element };
      return { ...one, text: `${text}${one.text}` };
    };
    const inner = comment.element.appendChild(document.createElement("p"));
    expect(sizes([more("> "), more("", inner)])).toEqual([[20], [20]]);
    expect(sizes([comment, more(" >"), more()])).toEqual([[20], [20], [20]]);
    expect(sizes([comment, more("a > b ")])).toEqual([[20, 20]]);
  });

  test("hold the words of their blocks where their parts say", () => {
    const [passage] = join([block(25), block(25)], 40);
    expect(passage!.text.split(SEPARATOR).length).toBe(2);
    for (const { block: part, from, to, at } of passage!.parts) {
      expect(passage!.text.slice(at, at + to - from)).toBe(part.text.slice(from, to));
    }
  });

  test("are cuts of a long block, none too long and none too short to be judged", () => {
    for (const words of [301, 310, 599, 601, 1_000, 40_000]) {
      const long = block(words);
      const cuts = cut(long.text, words);
      expect(cuts.map(({ from, to }) => long.text.slice(from, to)).join(" ")).toBe(long.text);
      for (const { from, to, words: counted } of cuts) {
        expect(counted).toBe(countWords(long.text.slice(from, to)));
        expect(counted).toBeLessThan(MOST_WORDS + 40);
        expect(counted).toBeGreaterThanOrEqual(40);
      }
    }
  });

  test("are cut where a sentence ends", () => {
    const sentence = "Here is one more sentence of eight words. ";
    const text = sentence.repeat(100).trim();
    for (const { from, to } of cut(text, 800)) {
      expect(text.slice(from, to)).toMatch(/^Here .*\.$/);
    }
  });
});
