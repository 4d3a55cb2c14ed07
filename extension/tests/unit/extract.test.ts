import { beforeEach, describe, expect, test } from "vitest";
import { extract, outermostUnread, type Eyes } from "../../src/content/extract";
import type { Block } from "../../src/content/text";

const EYES: Eyes = {
  shadowRoot: (element) => element.shadowRoot,
  isRendered: () => true,
  isOwn: (node) => node instanceof Element && node.id === "own",
};

function blocks(html: string, hidden: Element[] = [], roots: ShadowRoot[] = []): Block[] {
  document.body.innerHTML = html;
  const found = extract(document.body, EYES, {
    shadowRoot: (root) => roots.push(root),
    hidden: (element) => hidden.push(element),
  });
  return [...found].filter((block) => block !== undefined);
}

function texts(html: string): string[] {
  return blocks(html)
    .filter(({ kind }) => kind !== "border")
    .map(({ text }) => text);
}

describe("blocks", () => {
  beforeEach(() => {
    document.body.replaceChildren();
  });

  test("are paragraphs, items, quotes and headings, each by itself", () => {
    const found = blocks(
      "<h2>Title</h2><p>One <b>bold</b> word.</p><ul><li>First</li><li>Second</li></ul>" +
        "<blockquote>Quoted</blockquote><div>Loose <div>inner</div> text</div>",
    );
    expect(found.map(({ kind, text }) => [kind, text])).toEqual([
      ["heading", "Title"],
      ["paragraph", "One bold word."],
      ["item", "First"],
      ["item", "Second"],
      ["paragraph", "Quoted"],
      ["paragraph", "Loose"],
      ["paragraph", "inner"],
      ["paragraph", "text"],
    ]);
  });

  test("have borders between them: headings whatever they link, rules, names that are links", () => {
    const found = blocks(
      "<h2><a href=/1>A story</a></h2><p>One.</p><hr><p>Two.</p><p><a href=/bob>Bob</a>:</p><p>Three.</p>",
    );
    expect(found.map(({ kind, text }) => [kind, text])).toEqual([
      ["heading", "A story"],
      ["paragraph", "One."],
      ["border", ""],
      ["paragraph", "Two."],
      ["border", ""],
      ["paragraph", "Three."],
    ]);
    // As browsers show it, as mails of Outlook have it, and as sets of components do.
    for (const rule of [
      "<hr style='overflow-x: hidden; overflow-y: hidden'>",
      "<hr style='display: inline-block'>",
      "<div role=separator><span>or</span></div>",
    ]) {
      const reply = blocks(`<p>Mine.</p>${rule}<p>Another's.</p>`);
      expect(reply.map(({ kind }) => kind)).toEqual(["paragraph", "border", "paragraph"]);
    }
    expect(texts("<p>Home <i role=separator>/</i> News</p>")).toEqual(["Home / News"]);
    const handle = "<b role=separator style='display: block; position: absolute'></b>";
    const [whole, ...rest] = blocks(`<p>One two${handle} three.</p>`);
    expect([whole?.text, rest]).toEqual(["One two three.", []]);
  });

  test("leave out short links that are boxes, as the entries of menus are, but not what is bookmarked", () => {
    const entry = (text: string) => `<a href=/ style='display: block'>${text}</a>`;
    const long = "All of a post leads to its page. ".repeat(4).trim();
    expect(texts(`${entry("A headline.")}${entry("<b>Another</b> one.")}`)).toEqual([]);
    expect(texts(entry(long))).toEqual([long]);
    expect(texts(entry(`Title <p>${long}</p>`))).toEqual([long]);
    for (const bookmark of ["name=one", "id=one"]) {
      const found = texts(`<p><a ${bookmark}>A chapter.</p><p>Its text.</a></p>`);
      expect(found).toEqual(["A chapter.", "Its text."]);
    }
  });

  test("leave out what nobody wrote as prose", () => {
    const nobody =
      "<nav>a</nav><button>b</button><pre>c</pre><form>d<input></form><div contenteditable>e</div>" +
      "<div role=navigation>f</div><textarea>g</textarea><script>h</script><style>i</style>" +
      "<noscript>j</noscript><template>k</template><select><option>l</option></select>" +
      "<div role=textbox>m</div><svg><text>n</text></svg><p><a href=#>a longer menu</a> | <a href=#>b</a></p>" +
      "<p>—</p><div contenteditable=plaintext-only>o</div><div class=textLayer><span>p</span></div>";
    expect(texts(`${nobody}<p>Prose.</p>`)).toEqual(["Prose."]);
  });

  test("are read from a file of plain text, which browsers show as code", () => {
    const file = "<pre style='white-space: pre-wrap'>One line.\nTwo.</pre>";
    expect(texts(file)).toEqual([]);
    for (const [type, found] of [
      ["text/plain", ["One line.\nTwo."]],
      ["text/markdown", ["One line.\nTwo."]],
      ["application/json", []],
    ] as const) {
      Object.defineProperty(document, "contentType", { value: type, configurable: true });
      expect(texts(file)).toEqual(found);
    }
    Reflect.deleteProperty(document, "contentType");
  });

  test("take in a page that was put into a form, and code within a sentence", () => {
    for (const page of ["<main><p>A page.</p></main>", "<h1>A page.</h1>"]) {
      expect(texts(`<form><input>${page}</form>`)).toEqual(["A page."]);
    }
    expect(texts("<main><form><h1>Write to us</h1><input></form></main>")).toEqual([]);
    for (const type of ["hidden", "submit"]) {
      expect(texts(`<form><input type=${type}><p>A comment.</p></form>`)).toEqual(["A comment."]);
    }
    expect(texts("<p>Call <code>f()</code> twice.</p>")).toEqual(["Call f() twice."]);
    expect(texts("<div contenteditable=false><p>Fixed.</p></div>")).toEqual(["Fixed."]);
  });

  test("leave out what is hidden, and say what it was", () => {
    const hidden: Element[] = [];
    const found = blocks(
      "<p style='display:none'>a</p><p style='visibility:hidden'>b</p><p style='opacity:0'>c</p>" +
        "<p style='position:absolute;clip:rect(0px,0px,0px,0px)'>d</p><p>Seen.</p>",
      hidden,
    );
    expect(found.map(({ text }) => text)).toEqual(["Seen."]);
    expect(hidden.length).toBe(4);
  });

  test("leave out what lies in something hidden, in a closed box, in an editor of any kind", () => {
    const within = [
      "style='opacity:0'",
      "style='position:absolute;clip:rect(0px,0px,0px,0px)'",
      "style='height:0;overflow-x:hidden;overflow-y:hidden'",
      "style='content-visibility:hidden'",
      "role='textbox searchbox'",
      "role='code'",
      "class='ace_editor ace-tm'",
      "id=own",
    ].map((how) => `<div ${how}><p>In <b>${how}</b></p></div>`);
    const details = "<details><summary>Summary</summary>Bare<p>Within</p></details>";
    expect(texts(`${within.join("")}${details}<p>Seen.</p>`)).toEqual(["Summary", "Seen."]);
    const inner = document.querySelector("details p")!;
    expect(outermostUnread(inner)?.tagName).toBe("DETAILS");
    expect(outermostUnread(document.querySelector("[style='opacity:0'] b")!)).not.toBeNull();
    // Monaco's lines change as they are typed.
    expect(outermostUnread(document.querySelector("[role=code] b")!)).not.toBeNull();
    expect(texts("<details open><summary>S</summary><p>Within</p></details>")).toEqual([
      "S",
      "Within",
    ]);
  });

  test("leave out a page that was translated, wherever it is read anew", () => {
    const root = document.documentElement;
    const found = texts("<p>Written as it stands.</p>");
    expect(outermostUnread(document.querySelector("p")!)).toBeNull();
    root.className = "js translated-rtl";
    expect(outermostUnread(document.querySelector("p")!)).toBe(root);
    const sights = { shadowRoot: () => undefined, hidden: () => undefined };
    expect([...extract(root, EYES, sights)].filter((one) => one !== undefined)).toEqual([]);
    root.className = "";
    expect(found.length).toBe(1);
  });

  test("leave out a document in design mode", () => {
    Object.defineProperty(document, "designMode", { value: "on", configurable: true });
    expect(texts("<p>Written just now.</p>")).toEqual([]);
    Reflect.deleteProperty(document, "designMode");
  });

  test("have white space as it is rendered", () => {
    expect(texts("<p>  One\n   two <b> three </b> four<br>  five  </p>")).toEqual([
      "One two three four\nfive",
    ]);
    expect(texts("<p style='white-space: pre-wrap'>One\n  two</p>")).toEqual(["One\n  two"]);
  });

  test("end at a blank line, however it is made", () => {
    const found = blocks(
      "<p>One<br>two.<br> <br>Three.<br></p><p style='white-space: pre-wrap'>Four\n \nfive\n</p>",
    );
    expect(found.map(({ text }) => text)).toEqual(["One\ntwo.", "Three.", "Four", "five"]);
    expect(found[0]!.element).toBe(found[1]!.element);
  });

  test("end where a quotation behind a > begins or ends, as in plain mails", () => {
    const mail = "You wrote:\n> One\n >two.\nThree > two.\nIndeed.";
    const found = ["You wrote:", "> One\n >two.", "Three > two.\nIndeed."];
    expect(texts(`<p style='white-space: pre-wrap'>${mail}</p>`)).toEqual(found);
    expect(texts(`<p>${mail.replaceAll("\n", " <br>\n")}</p>`)).toEqual([
      found[0],
      "> One\n>two.",
      found[2],
    ]);
    expect(texts("<p><i>&gt;</i> One<br><i>&gt; two.</i><br>Three.</p>")).toEqual([
      "> One\n> two.",
      "Three.",
    ]);
  });

  test("leave out marks of notes, notes and lists of references, as the reader of files does", () => {
    expect(
      texts(
        "<p>It began<sup><a href='#cite-1'><span>[</span>1<span>]</span></a></sup> in May.<a href=#n>2</a></p>" +
          "<p>See <a href='/page#part'>part one</a>, and room <a href='/rooms'>12</a>.</p>" +
          "<ol class='references'><li>Smith 2001.</li></ol><div class='reflist small'>Jones</div>" +
          "<section role='doc-endnotes'>Ibid.</section><div class='preferences'>Kept.</div>",
      ),
    ).toEqual(["It began in May.", "See part one, and room 12.", "Kept."]);
  });

  test("are not broken up by formulas, nor by boxes in a line", () => {
    const box = "<i style='display: block'>box</i>";
    expect(
      texts(
        `<p>For <span class=katex>${box}</span> and <math><mi>y</mi></math> there is <b style='display: ` +
          `inline-flex'>${box}</b> and <b style='display: inline-block'>${box.repeat(40)}</b> too.</p>`,
      ),
    ).toEqual(["For and there is box and", ...Array<string>(40).fill("box"), "too."]);
  });

  test("go on around what floats, and a drop cap is a letter of its word", () => {
    const float = "display: block; float: left";
    expect(
      texts(
        `<p><b style='${float}'>T</b>he text <i style='${float}'>A side note.</i> goes on.</p>`,
      ),
    ).toEqual(["A side note.", "The text goes on."]);
  });

  test("end before and after code that stands among loose text", () => {
    for (const code of ["<pre>make</pre>", "<code style='display: block'>make</code>"]) {
      const found = texts(`<ul><li>Do this:${code}Then that.</li></ul>`);
      expect(found).toEqual(["Do this:", "Then that."]);
    }
  });

  test("go into shadow trees", () => {
    const roots: ShadowRoot[] = [];
    document.body.innerHTML = "<div id=host><p>Light.</p></div>";
    const host = document.querySelector("#host")!;
    host.attachShadow({ mode: "open" }).innerHTML =
      "<p>Shadow.</p><slot>Nothing here.</slot><p><slot name=note>No note.</slot></p>";
    const found = [
      ...extract(document.body, EYES, {
        shadowRoot: (root) => roots.push(root),
        hidden: () => undefined,
      }),
    ].filter((block) => block !== undefined);
    expect(found.map(({ text }) => text)).toEqual(["Shadow.", "No note.", "Light."]);
    expect(roots).toEqual([host.shadowRoot]);
  });

  test("go on through shadow trees in a line, without what no slot takes in", () => {
    document.body.innerHTML = "<p>He left <x-time>in 2001</x-time> for <x-tip>good</x-tip>.</p>";
    const attach = (name: string, html: string) => {
      const root = document.querySelector(name)!.attachShadow({ mode: "open" });
      root.innerHTML = html;
    };
    attach("x-time", "long ago");
    attach("x-tip", "<slot></slot>");
    const sights = { shadowRoot: () => undefined, hidden: () => undefined };
    const [block] = [...extract(document.body, EYES, sights)].filter((one) => one !== undefined);
    expect(block!.text).toBe("He left long ago for good.");
    // No range reaches from one tree into another.
    expect(block!.pieces.map(({ apart }) => apart)).toEqual([false, true, true, true, false]);
  });

  test("are found in bounded time, whatever the classes", () => {
    const started = performance.now();
    for (const unit of ["1", "_footnote"]) {
      const name = `footnote${unit.repeat(200_000 / unit.length)}!`;
      expect(texts(`<div class="${name}">Prose.</div>`)).toEqual(["Prose."]);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("may be paused within a paragraph, however much markup it has", () => {
    document.body.innerHTML = `<p>${"<b>x</b> ".repeat(300)}</p>`;
    const sights = { shadowRoot: () => undefined, hidden: () => undefined };
    const found = [...extract(document.body, EYES, sights)];
    expect(found.filter((one) => one === undefined).length).toBeGreaterThan(300);
    expect(found.at(-1)!.words).toBe(300);
  });

  test("say for every letter which node it is from", () => {
    const html = "<p>  Ärger 👩🏽‍🚀\n\n mit <i>  é und </i> Raum <b>\n</b>danach<br> und\tmehr</p>";
    const [block] = blocks(html);
    expect(block!.text.length).toBeGreaterThan(20);
    for (const { node, from, at, length } of block!.pieces) {
      const there = node.data.slice(from, from + length).replace(/\s/g, " ");
      expect(block!.text.slice(at, at + length)).toBe(there);
    }
    const covered = block!.pieces.reduce((sum, { length }) => sum + length, 0);
    expect(covered + block!.text.split("\n").length - 1).toBe(block!.text.length);
  });
});
