/** The pages the tests look at, on a real port. */

import { readFileSync } from "node:fs";
import { EXTENSION } from "../paths";
import { listen } from "./servers";

export interface Paragraph {
  readonly id: string;
  readonly by: string;
  readonly text: string;
}

export const PARAGRAPHS = JSON.parse(
  readFileSync(`${EXTENSION}tests/fixtures/paragraphs.json`, "utf8"),
) as readonly Paragraph[];

function escape(text: string): string {
  return text.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** All but one, which the model finds unclear. */
export const AI = PARAGRAPHS.filter(({ by, id }) => by !== "human" && id !== "te-4214843163").map(
  ({ text }) => text,
);
export const HUMAN = PARAGRAPHS.filter(({ by }) => by === "human").map(({ text }) => text);
const [AI_1 = "", AI_2 = ""] = AI;

function page(content: string, head = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<style>body { max-width: 44rem; margin: 2rem auto; padding: 0 1.5rem; font: 17px/1.6 Georgia, "DejaVu Serif", serif;
  color: #222; background: #fff } @media (prefers-color-scheme: dark) { body { color: #ddd; background: #16181c } }</style>
${head}</head><body>${content}</body></html>`;
}

function p(text: string): string {
  return `<p>${escape(text)}</p>`;
}

const ARTICLE = page(`
  <nav><a href="#a">Start</a> · <a href="#b">News</a></nav>
  <article>
    <h1>Ten paragraphs from eight writers</h1>
    ${PARAGRAPHS.slice(0, 5)
      .map(({ text }) => p(text))
      .join("\n")}
    <h2>Second part, with what must be left alone</h2>
    <pre>${escape(AI_1)}</pre>
    <p hidden>${escape(AI_1)}</p>
    <div contenteditable>${escape(AI_1)}</div>
    <form><label>${escape(AI_1)} <input></label></form>
    ${PARAGRAPHS.slice(5)
      .map(({ text }) => p(text))
      .join("\n")}
    <footer><p>A short one.</p></footer>
    <nav>${escape(AI_1)}</nav>
  </article>`);

/** Words between letters of which some take two code units, and some combine. */
function disturbed(text: string): string {
  return text
    .split(" ")
    .map((word, n) => (n % 9 === 4 ? `${word} 👩🏽‍🚀 e\u0301` : word))
    .join(" ");
}

const ARABIC =
  "هذا نص عربي طويل بما يكفي كي يُطلب من الخادم أن ينظر فيه وهو لا يعرف سوى اللغة الإنجليزية ".repeat(
    5,
  );

/** Text in three trees, one within the other; the inner ones are closed. */
const SHADOWS = page(
  `<div id="outer"></div>`,
  `<script>addEventListener("DOMContentLoaded", () => {
    const texts = ${JSON.stringify(AI.slice(0, 3))};
    let host = document.getElementById("outer");
    texts.forEach((text, n) => {
      const root = host.attachShadow({ mode: n === 0 ? "open" : "closed" });
      const paragraph = document.createElement("p");
      paragraph.textContent = text;
      const inner = document.createElement("div");
      root.append(paragraph, inner);
      globalThis["root" + n] = root;
      host = inner;
    });
  });</script>`,
);

const RERENDERS = page(
  `<h1>Renders itself anew</h1><div id="app"></div>`,
  `<script>addEventListener("DOMContentLoaded", () => {
    const texts = ${JSON.stringify([AI_1, HUMAN[0], AI_2])};
    let n = 0;
    const render = () => {
      n += 1;
      const app = document.getElementById("app");
      app.replaceChildren(...texts.map((text) => {
        const paragraph = document.createElement("p");
        paragraph.textContent = text;
        return paragraph;
      }), Object.assign(document.createElement("p"), { textContent: "Tick " + n }));
      globalThis.renders = n;
    };
    render();
    setInterval(render, 100);
  });</script>`,
);

const INFINITE = page(
  `<div id="feed"></div><div id="end" style="height:1px"></div>`,
  `<script>addEventListener("DOMContentLoaded", () => {
    const texts = ${JSON.stringify(PARAGRAPHS.map(({ text }) => text))};
    const feed = document.getElementById("feed");
    const size = Number(location.search.slice(1)) || 10;
    globalThis.batches = 0;
    const more = () => {
      globalThis.batches += 1;
      for (let n = 0; n < size; n += 1) {
        const comment = document.createElement("div");
        comment.textContent = "No. " + feed.childElementCount + location.search + ". " + texts[n % texts.length];
        feed.append(comment);
      }
    };
    more();
    new IntersectionObserver(([entry]) => entry.isIntersecting && globalThis.batches < 12 && more())
      .observe(document.getElementById("end"));
  });</script>`,
);

/** Long tasks are noted; on a busy machine the page itself has some before the check starts. */
const MANY = page(
  Array.from({ length: 5_000 }, (_, n) => {
    const text = PARAGRAPHS[n % PARAGRAPHS.length]?.text ?? "";
    return p(`${n + 1}. ${text}`);
  }).join("\n"),
  `<script>globalThis.long = []; new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) globalThis.long.push([startTime, duration]);
  }).observe({ type: "longtask" });</script>`,
);

const OTHERS = (site: string) =>
  page(
    `<h1>Frames</h1>
    <iframe title="same" src="/plain" width="700" height="260"></iframe>
    <iframe title="sandboxed" sandbox="allow-scripts" src="/plain" width="700" height="260"></iframe>
    <iframe title="other" src="${site.replace("127.0.0.1", "localhost")}/plain" width="700" height="260"></iframe>
    <iframe title="written" srcdoc="${escape(p(AI_1)).replace(/"/g, "&quot;")}" width="700" height="260"></iframe>`,
  );

const EDITOR = page(`<h1>An editor</h1>
  <div contenteditable="true" id="editor">${p(AI_1)}${p(AI_2)}</div>
  <div role="textbox">${p(AI_1)}</div>
  <textarea rows="5" cols="60">${escape(AI_1)}</textarea>
  <p>${escape(HUMAN[0] ?? "")}</p>`);

/** Each a word too short where 46 are asked for. By machines are the 7th to the 12th. */
const SHORT = page(
  Array.from({ length: 60 }, (_, n) =>
    p(`Number ${n + 1} ${n >= 6 && n < 12 ? "machine" : "person"}${" word".repeat(41)} end.`),
  ).join("\n"),
);

const PAGES: Readonly<Record<string, string>> = {
  "/article": ARTICLE,
  "/plain": page(p(AI_1)),
  "/strict": page(p(AI_1) + p(HUMAN[0] ?? "")),
  "/shadows": SHADOWS,
  "/rerenders": RERENDERS,
  "/infinite": INFINITE,
  "/many": MANY,
  "/editor": EDITOR,
  "/letters": page(p(disturbed(AI_1)) + p(disturbed(AI_2))),
  "/rtl": page(`<div dir="rtl">${p(AI_1)}${p(ARABIC)}</div>`),
  "/long": page(
    p(Array.from({ length: 60 }, () => PARAGRAPHS.map(({ text }) => text).join(" ")).join(" ")),
  ),
  "/changes": page(`<p id="one">${escape(AI_1)}</p><p id="two">${escape(HUMAN[0] ?? "")}</p>
    <details><summary>More</summary><p>${escape(AI_2)}</p></details>`),
  "/concealed": page(
    p(AI_1) +
      `<div id="clear" style="opacity:0">${p(AI_2)}</div>` +
      `<div style="position:absolute;width:1px;height:1px;overflow:hidden">${p(AI_2)}</div>` +
      `<div style="height:0;overflow:hidden">${p(AI_2)}</div>` +
      `<div style="content-visibility:hidden">${p(AI_2)}</div>` +
      `<div hidden="until-found">${p(AI_2)}</div>` +
      `<div style="font-size:0">${p(AI_2)}</div>` +
      `<div role="textbox searchbox">${p(AI_2)}</div>` +
      `<details><summary>More</summary>${escape(AI_2)}${p(AI_2)}</details>`,
  ),
  "/box": page(
    `<div style="height:90vh;overflow:auto">${PARAGRAPHS.map(({ text }) => p(text)).join("")}</div>`,
  ),
  "/short": SHORT,
  "/text": `${AI_1}\n`,
  "/markdown": `${AI_1}\n`,
  "/xhtml": `<html xmlns="http://www.w3.org/1999/xhtml"><body>${p(AI_1)}<p><a href="/">${escape(AI_2)}</a></p>
    <code style="display:block">${escape(AI_2)}</code><form>${escape(AI_2)}<input /></form></body></html>`,
  "/empty": page("<h1>Nothing here</h1><p>A short one.</p>"),
};

/** All others are HTML. */
const TYPES: Readonly<Record<string, string>> = {
  "/text": "text/plain",
  "/markdown": "text/markdown",
  "/xhtml": "application/xhtml+xml",
};

/** Nothing may run, load or be built from strings here. */
const STRICT =
  "default-src 'none'; sandbox; require-trusted-types-for 'script'; trusted-types 'none'";

export async function serveSite(): Promise<{ origin: string; close: () => Promise<void> }> {
  const site = await listen((request, response) => {
    const [name = "/", copy = ""] = (request.url ?? "/").split("?");
    const content =
      name === "/unique"
        ? page(p(`${AI_1} That was copy ${copy}.`))
        : name === "/frames"
          ? OTHERS(`http://${request.headers.host ?? ""}`)
          : PAGES[name];
    response.writeHead(content === undefined ? 404 : 200, {
      "Content-Type": `${TYPES[name] ?? "text/html"}; charset=utf-8`,
      ...(name === "/strict" ? { "Content-Security-Policy": STRICT } : {}),
    });
    response.end(content ?? "");
  });
  return { origin: site.origin, close: site.stop };
}
