// The page's own client of POST /v1/score. Whatever comes from a text goes in as text nodes: no
// markup is ever made of it, and the page's policy forbids it.

const WORDS = {ai: "AI", unclear: "unclear", human: "human", too_short: "too short to judge"};
const MEANINGS = {
  ai: "This text reads like the work of a language model.",
  unclear: "This text could be either: the model does not say.",
  human: "This text reads like the work of a person.",
  too_short: "There is too little prose here to judge.",
};
const LEVELS = 4;
const STRONGEST = 5;
const MOST_BYTES = 4_000_000; // of a file: a million characters of four bytes
const NO_TEXT = /^\s*(?:%PDF-|\{\\rtf|<\?xml|<!doctype|<html)|\0/i;
const LETTER = /[\p{L}\p{N}]/gu;
// What the library calls hidden: all that Unicode lets be ignored, but what belongs in emoji and words.
const CONCEALED = /(?![\p{Variation_Selector}\u00ad])\p{Default_Ignorable_Code_Point}/u;

const $ = (id) => document.getElementById(id);
let models = new Map();
let asked = null;
let opened = 0;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Never 0 or 100, which would claim certainty.
function percent(probability) {
  if (probability === null) return "none";
  if (probability >= 0.9995) return "over 99.9%";
  if (probability < 0.0005) return "under 0.1%";
  return `${(100 * probability).toFixed(1)}%`;
}

function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

function say(message, wrong = false) {
  $("status").textContent = message;
  $("status").classList.toggle("wrong", wrong);
  $("status").hidden = !message;
}

async function ask(path, options) {
  let answer;
  let values;
  try {
    answer = await fetch(path, {...options, redirect: "error"});
    values = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (error.name !== "SyntaxError") {
      throw new Error("The server does not answer. Is it still running?");
    }
  }
  if (answer.ok && values) return values;
  if (!values?.error?.message) { // no answer of ours: a proxy's
    throw new Error(answer.status === 413
      ? "The text is larger than the proxy before the server lets through."
      : `A proxy answered in the server's place (status ${answer.status}). Is it still running?`);
  }
  const wait = answer.headers.get("Retry-After");
  throw new Error(`${values.error.message}${wait ? ` (${plural(Number(wait), "second")})` : ""}`);
}

async function loadModels() {
  const {default: standard, models: found} = await ask("v1/models");
  models = new Map(found.map((model) => [model.name, model]));
  const several = found.length > 1;
  $("model").hidden = $("model-label").hidden = !several;
  $("model").replaceChildren(...found.map(({name}) => new Option(name, name, name === standard)));
  $("served").textContent = several ? `${found.length} models` : `model ${standard}`;
  count();
}

function count() {
  const words = $("text").value.trim().split(/\s+/u).filter(Boolean).length;
  $("count").textContent = plural(words, "word");
  const least = models.get($("model").value)?.min_words;
  $("least").textContent = least && words < least ? `; at least ${least} are needed` : "";
}

async function openFile([file, another]) {
  const mine = ++opened;
  asked?.abort();
  $("result").hidden = true;
  try {
    if (another) throw new Error("One file at a time, please: byline score reads many.");
    if (file.size > MOST_BYTES) throw new Error(`${file.name} is too large for this page.`);
    const text = await decoded(file);
    if (mine !== opened) return; // another came after it
    if (text === null || NO_TEXT.test(text)) {
      throw new Error(`${file.name} is no plain text in UTF-8 or UTF-16. `
        + "Other kinds (PDF, Word and more) are read by byline score, in a terminal.");
    }
    replaceText(text);
  } catch (error) {
    say(error.message, true);
  }
}

async function decoded(file) {
  try {
    const bytes = await file.arrayBuffer();
    const [first, second] = new Uint8Array(bytes);
    const label = first === 0xff && second === 0xfe ? "utf-16le"
      : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
    return new TextDecoder(label, {fatal: true}).decode(bytes);
  } catch {
    return null; // other bytes, or a folder
  }
}

function replaceText(text) {
  asked?.abort();
  $("text").value = text;
  $("result").hidden = true;
  say("");
  count();
  $("text").focus();
}

async function score() {
  asked?.abort();
  asked = new AbortController();
  const mine = asked;
  const text = $("text").value;
  $("score").setAttribute("aria-disabled", "true");
  say("Scoring.");
  try {
    if (!models.size) await loadModels(); // it failed as the page was opened
    const model = $("model").value;
    const request = {texts: [{id: "page", text}], detail: "sentence", offset_encoding: "utf-16"};
    if (model) request.model = model;
    const answer = await ask("v1/score", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify(request),
      signal: mine.signal,
    });
    const [result] = answer.results;
    if (result.error) throw new Error(result.error.message);
    show(text, result, answer.model);
    say("");
    $("verdict").focus();
  } catch (error) {
    if (error.name !== "AbortError") {
      $("result").hidden = true;
      say(error.message, true);
    }
  } finally {
    if (mine === asked) $("score").setAttribute("aria-disabled", "false");
  }
}

function show(text, result, model) {
  $("verdict").textContent = `Verdict: ${WORDS[result.verdict]}`;
  $("verdict").className = result.verdict;
  $("meaning").textContent = meaning(result, model);
  $("probability").textContent = percent(result.probability);
  $("words").textContent = result.words.toLocaleString("en");
  $("coverage").textContent = `${Math.round(100 * result.coverage)}%`;
  showFindings(result);
  const marks = showText(text, result.sentences, models.get(model.name)?.thresholds);
  showStrongest(text, result.sentences, marks);
  $("result").hidden = false;
}

function meaning(result, model) {
  if (result.verdict === "too_short") {
    return `${MEANINGS.too_short} The model judges no text of fewer than ${model.min_words} words; `
      + "code and tables are not counted.";
  }
  if (result.probability === null) {
    return "This text was not scored: see below why.";
  }
  const ai = result.sentences.filter(({verdict}) => verdict === "ai").length;
  const mixed = result.verdict !== "ai" && ai
    ? ` A text is judged as a whole; ${ai} of its ${plural(result.sentences.length, "sentence")} `
      + `${ai === 1 ? "reads" : "read"} like a language model.`
    : "";
  const cut = result.findings.some(({kind}) => kind === "truncated"); // it says what was left out
  const left = result.coverage < 1 && !cut ? " Code and tables were not scored." : "";
  return MEANINGS[result.verdict] + mixed + left;
}

function showFindings(result) {
  const items = result.findings.map(({kind, count: found, message}) => {
    const item = element("li");
    const name = kind.replaceAll("_", " ");
    item.append(element("strong", "", name[0].toUpperCase() + name.slice(1)),
      ` (${found.toLocaleString("en")}). ${message}`);
    return item;
  });
  if (result.raw) {
    items.push(element("li", "", "Taken as it came, with those characters, the text scores "
      + `${percent(result.raw.probability)}.`));
  }
  $("findings").querySelector("ul").replaceChildren(...items);
  $("findings").hidden = !items.length;
}

function showText(text, sentences, thresholds) {
  const pieces = [];
  const marks = [];
  let end = 0;
  for (const sentence of sentences) {
    pieces.push(...between(text.slice(end, sentence.start)));
    const mark = marked(text.slice(sentence.start, sentence.end), sentence, thresholds);
    marks.push(mark);
    pieces.push(mark);
    end = sentence.end;
  }
  pieces.push(...between(text.slice(end)));
  $("shown").replaceChildren(...pieces);
  $("shown").scrollTop = 0;
  return marks;
}

function between(text) {
  const prose = text.match(LETTER)?.length ?? 0;
  if (prose < 4) return plain(text); // a list item's number is nobody's prose
  const trimmed = text.trim();
  const start = text.indexOf(trimmed);
  const piece = element("span", "unscored");
  piece.title = "not scored";
  piece.append(element("span", "unseen", " [not scored] "), ...plain(trimmed));
  return [...plain(text.slice(0, start)), piece, ...plain(text.slice(start + trimmed.length))];
}

function marked(text, sentence, thresholds) {
  const short = sentence.verdict === "too_short";
  const note = WORDS[sentence.verdict] + (short ? "" : `, ${percent(sentence.probability)}`);
  const level = levelOf(sentence, thresholds);
  const piece = element(level ? "mark" : "span", level ? `${sentence.verdict} l${level}` : "");
  piece.title = note;
  piece.tabIndex = -1;
  if (level) piece.append(element("span", "unseen", ` [${note}] `));
  piece.append(...plain(text));
  return piece;
}

function levelOf({verdict, probability}, thresholds) {
  if (!thresholds || (verdict !== "ai" && verdict !== "unclear")) return 0;
  const [low, high] = verdict === "ai"
    ? [thresholds.sentence_ai, 1]
    : [thresholds.sentence_human, thresholds.sentence_ai];
  const share = (probability - low) / Math.max(high - low, 1e-9);
  return Math.max(1, Math.min(LEVELS, 1 + Math.floor(share * LEVELS)));
}

// Text nodes, with a visible sign in the place of each character that can't be seen.
function plain(text) {
  const pieces = [];
  let run = "";
  for (const c of text) {
    if (!CONCEALED.test(c)) {
      run += c;
      continue;
    }
    if (run) pieces.push(new Text(run));
    run = "";
    const sign = element("span", "concealed", "\u2022");
    const code = c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    sign.title = `invisible character U+${code}`;
    pieces.push(sign);
  }
  if (run) pieces.push(new Text(run));
  return pieces;
}

function showStrongest(text, sentences, marks) {
  const ranked = sentences
    .map((sentence, index) => ({...sentence, mark: marks[index]}))
    .filter(({verdict}) => verdict === "ai")
    .sort((a, b) => b.probability - a.probability)
    .slice(0, STRONGEST);
  const items = ranked.map(({start, end, probability, mark}) => {
    const item = element("li");
    const words = text.slice(start, end).trim().split(/\s+/u);
    const button = element("button", "",
      words.slice(0, 12).join(" ") + (words.length > 12 ? " ..." : ""));
    button.type = "button";
    button.addEventListener("click", () => {
      mark.scrollIntoView({block: "center"});
      mark.focus();
    });
    item.append(button, ` ${percent(probability)}`);
    return item;
  });
  $("strongest").querySelector("ol").replaceChildren(...items);
  $("strongest").hidden = !items.length;
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  score();
});
$("text").addEventListener("input", count);
$("model").addEventListener("change", count);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("ask").requestSubmit();
});
$("clear").addEventListener("click", () => replaceText(""));
// Left to the browser, a file that is dropped takes the page's place, and the text is gone.
document.addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const {files} = event.dataTransfer;
  if (!files.length) return;
  event.preventDefault();
  openFile(files);
});
$("open").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  if ($("file").files.length) openFile($("file").files);
  $("file").value = ""; // so that the same file can be chosen again
});
loadModels().catch((error) => say(error.message, true));
