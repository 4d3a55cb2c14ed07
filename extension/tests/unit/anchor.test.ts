import { describe, expect, test } from "vitest";
import { anchor, type Span } from "../../src/content/anchor";
import { extract } from "../../src/content/extract";
import { join } from "../../src/content/join";
import type { Block, PassageText } from "../../src/content/text";

function passages(html: string, minWords: number): PassageText[] {
  document.body.innerHTML = html;
  const blocks = [
    ...extract(
      document.body,
      { shadowRoot: () => null, isRendered: () => true, isOwn: () => false },
      { shadowRoot: () => undefined, hidden: () => undefined },
    ),
  ].filter((block): block is Block => block !== undefined);
  return join(blocks, minWords);
}

function rendered({ startNode, startOffset, endNode, endOffset }: Span): string {
  const range = new Range();
  range.setStart(startNode, startOffset);
  range.setEnd(endNode, endOffset);
  return range.toString();
}

/** White space aside: the page's is not the passage's. */
function bare(text: string): string {
  return text.replace(/\s/g, "");
}

/** A small generator of its own, so that a failure can be seen again. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

const HTML = `<div><p>One <b>bold 👩🏽‍🚀</b>  word,\n  e\u0301 and <i>more</i>.<br>A new line.</p>
  <p>Second   paragraph: \u202eright to left\u202c <a href=#>linked</a> 🎉.</p><p>  Third.  </p></div>`;

describe("anchoring", () => {
  test("finds for any two offsets the very text between them", () => {
    const [passage] = passages(HTML, 15);
    expect(passage!.parts.length).toBe(3);
    const random = numbers(7);
    const next = () => Math.floor(random.next().value * (passage!.text.length + 1));
    for (let n = 0; n < 500; n += 1) {
      const [start = 0, end = 0] = [next(), next()].sort((a, b) => a - b);
      const found = anchor(passage!, start, end).map(rendered).join("");
      expect(bare(found), `${start} to ${end}`).toBe(bare(passage!.text.slice(start, end)));
    }
  });

  test("counts in UTF-16 code units, as the server is asked to", () => {
    const [passage] = passages("<p>👩🏽‍🚀👩🏽‍🚀 Only this sentence is meant.</p>", 1);
    const start = passage!.text.indexOf("Only");
    expect(start).toBe(15);
    const [span] = anchor(passage!, start, start + 4);
    expect(rendered(span!)).toBe("Only");
  });

  test("looks at few pieces of a block that has many", () => {
    const [passage] = passages(`<div>${"a few words<br>".repeat(2_000)}</div>`, 1);
    const { block } = passage!.parts[0]!;
    let looks = 0;
    const pieces = new Proxy(block.pieces, {
      get: (all, key) => {
        looks += 1;
        return Reflect.get(all, key) as unknown;
      },
    });
    const parts = passage!.parts.map((part) => ({ ...part, block: { ...block, pieces } }));
    const [span] = anchor({ ...passage!, parts }, 12, 23);
    expect(rendered(span!)).toBe("a few words");
    expect(looks).toBeLessThan(100);
  });

  test("runs over no button and no note at the side, but over the mark of a note", () => {
    const [passage] = passages(
      "<p>One <button>Share</button> two <span style='display: block; float: right'>Aside.</span>three" +
        "<a href='#1'>[1]</a> <b>four</b>.</p>",
      3,
    ).slice(-1);
    expect(passage!.text).toBe("One two three four.");
    const spans = anchor(passage!, 0, passage!.text.length).map(rendered);
    expect(spans.map(bare)).toEqual(["One", "two", "three[1]four."]);
  });

  test.each([
    "<p><b>One</b> <button>Share</button>two</p>",
    "<p><b>One</b><button>Share</button> <i>two</i></p>",
    "<div><b>One</b> <p style='float: right'>Aside.</p>two</div>",
  ])("runs over none of these, whatever node the space beside it is from: %s", (html) => {
    const [passage] = passages(html, 2).slice(-1);
    expect(passage!.text).toBe("One two");
    const unread = document.querySelector("button, p[style]")!;
    for (const { startNode, startOffset, endNode, endOffset } of anchor(passage!, 0, 7)) {
      const range = new Range();
      range.setStart(startNode, startOffset);
      range.setEnd(endNode, endOffset);
      expect(range.intersectsNode(unread)).toBe(false);
    }
  });

  test("gives a span for each block, and none for what lies between", () => {
    const [passage] = passages("<p>One two.</p><p>Three four.</p>", 4);
    expect(anchor(passage!, 0, passage!.text.length).map(rendered)).toEqual([
      "One two.",
      "Three four.",
    ]);
    expect(anchor(passage!, 8, 10)).toEqual([]);
    expect(anchor(passage!, 3, 3)).toEqual([]);
  });
});
