/**
 * A page's readable blocks: paragraphs, list items, quotes, comments, headings, and the borders between.
 *
 * Left out is what nobody wrote as prose: navigation, controls, code, formulas, notes, forms, editors,
 * translations, and what can't be seen. Nothing on the page is changed.
 */

import { isTranslated } from "../shared/translation";
import { border, Builder } from "./builder";
import type { Block, BlockKind } from "./text";

/** Not text of the page, wherever they stand. By their local names, which are the same in XHTML. */
const NEVER = new Set(
  (
    "script style noscript template iframe frame object embed canvas video audio svg input " +
    "textarea select datalist button pre nav menu progress meter head title rt rp"
  ).split(" "),
);
const ROLES = new Set(
  "navigation button menu menubar menuitem toolbar tablist textbox searchbox search combobox".split(
    " ",
  ),
);
/**
 * Notes, lists of references, and marks of notes, as the reader of files has them
 * (cli/byline_cli/readers/html.py): the model takes a text full of "[12]" for a machine's.
 */
const NOTES =
  /(?:^|[\s_-])(?:sd)?(?:foot|end|rear)notes?(?:[\s_-]?\w{0,40}\d)?(?:$|\s)|(?:^|\s)(?:doc-)?(?:foot|end|rear)notes?(?:$|\s)|(?:^|[\s_-])(?:bibliography|references|reflist)(?:$|\s)/;
const MAY_BE_NOTES = new Set("div section aside ol ul li p dl".split(" "));
const NOTE_MARK = /^(?:(?:[\s[\](){}.,*†‡§¶↑↩^\d]|\ufe0e){1,8}|[[(]?[a-z]{1,2}[\])]?)$/;
/** As browsers, MathJax and KaTeX show them: dozens of boxes of single letters. */
const FORMULA =
  "math, [role=math], .katex, mjx-container, .MathJax, .MathJax_SVG, .MathJax_Preview, .mjx-chtml";
/** Of PDF.js in a page: a box for each line of print, without its paragraphs. */
const PDF_LINES = "textLayer";
/** Of Ace: what is typed into its field stands in boxes beside that. */
const ACE = "ace_editor";
const HEADINGS = /^h[1-6]$/;
const BUTTONS = "[type=submit], [type=button], [type=image], [type=reset]";
const FIELDS = `input:not([type=hidden], ${BUTTONS}), textarea, select`;
const MAIN = "article, main, [role=main]";
/** Only these, and custom elements, can have a shadow root (DOM standard, attachShadow). */
const HOSTS = new Set(
  "article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span".split(
    " ",
  ),
);
/** Characters up to which a box in a line of text is a word of it, and a box that is a link a menu's entry. */
const SHORT = 100;

/** What the traversal needs of the browser and jsdom lacks. */
export interface Eyes {
  readonly shadowRoot: (element: Element) => ShadowRoot | null;
  /** Whether the element has a box, and neither it nor what it is shown in is transparent. */
  readonly isRendered: (element: Element) => boolean;
  /** Whether it is the extension's own. */
  readonly isOwn: (node: Node) => boolean;
}

/** What the traversal meets beside blocks. */
export interface Sights {
  readonly shadowRoot: (root: ShadowRoot) => void;
  /** Hidden now: to be looked at again. */
  readonly hidden: (element: Element) => void;
}

interface Sheet {
  /** Empty for what no slot took into its parent's shadow tree. */
  readonly display: string;
  readonly inline: boolean;
  /** Out of the lines around it, which run on: a float, a tooltip. */
  readonly aside: boolean;
  /** Nothing within can be seen, whatever its own style. */
  readonly concealed: boolean;
  /** Whether its own text can be seen; what is within may differ. */
  readonly visible: boolean;
  readonly preserves: boolean;
}

function sheetOf(element: Element): Sheet {
  const style = getComputedStyle(element);
  const { display, visibility, opacity, position, clipPath, contentVisibility, fontSize } = style;
  const clip = style.getPropertyValue("clip");
  // The idiom for text that only screen readers get: cut off to nothing.
  const cut =
    position === "absolute" && (/^rect\((0|1px)/.test(clip) || /^inset\((50|100)%/.test(clipPath));
  const floats = /^(left|right|inline-)/.test(style.getPropertyValue("float"));
  const dropCap = floats && element.textContent.trim().length <= 2;
  const inline = dropCap || /^(|inline.*|contents|ruby.*)$/.test(display);
  const concealed =
    display === "none" ||
    opacity === "0" ||
    contentVisibility === "hidden" ||
    cut ||
    (!inline && isShut(element, style));
  return {
    display,
    inline,
    aside: !inline && (floats || position === "absolute" || position === "fixed"),
    concealed,
    visible: visibility !== "hidden" && visibility !== "collapse" && fontSize !== "0px",
    preserves: /^(pre|break-spaces)/.test(style.whiteSpace),
  };
}

/** Whether a box is closed to nothing over its content. That of the body is the window's. */
function isShut(element: Element, { overflowX, overflowY }: CSSStyleDeclaration): boolean {
  if (element === document.body || element === document.documentElement) return false;
  const clips = /^(hidden|clip)$/;
  return (
    (clips.test(overflowX) && element.clientWidth <= 1) ||
    (clips.test(overflowY) && element.clientHeight <= 1)
  );
}

function isClosed(element: Element): boolean {
  return element.localName === "details" && !element.hasAttribute("open");
}

/** Whether anything of the element itself was kept back from the reading. */
export function isHidden(element: Element): boolean {
  const { concealed, visible } = sheetOf(element);
  return concealed || !visible || isClosed(element);
}

function isEditor(element: Element): boolean {
  if (element.ownerDocument.designMode === "on") return true;
  const value = element.getAttribute("contenteditable");
  if (value !== null) return value.toLowerCase() !== "false";
  return element instanceof HTMLElement && element.isContentEditable;
}

function rolesOf(element: Element): string[] {
  return element.getAttribute("role")?.toLowerCase().split(/\s+/) ?? [];
}

/**
 * A form is controls and their labels, unless there is nothing to fill in, as where each comment stands in
 * one of its own, or a whole page was put into it.
 */
function isMereForm(element: Element): boolean {
  if (element.localName !== "form" || !element.querySelector(FIELDS)) return false;
  const holdsTitle = element.querySelector("h1") !== null && !element.closest(MAIN);
  return !holdsTitle && !element.querySelector(MAIN);
}

/** A file of plain text, or of Markdown, is shown as one PRE, which is all there is of it. */
function isPlainText({ localName, ownerDocument }: Element): boolean {
  return localName === "pre" && /^text\/(plain|(x-)?markdown)$/.test(ownerDocument.contentType);
}

function isNotes(element: Element): boolean {
  if (!MAY_BE_NOTES.has(element.localName)) return false;
  return ["id", "class", "role"].some((name) => NOTES.test(element.getAttribute(name) ?? ""));
}

/** What stands in a sentence and is none of its words: the mark of a note, a formula. */
function isInsertion(element: Element): boolean {
  if (element.matches(FORMULA)) return true;
  const leads = element.localName === "a" && element.getAttribute("href")?.includes("#") === true;
  return leads && NOTE_MARK.test(element.textContent);
}

/** Whether an element's text is never read, however it is styled: insertions are asked about apart. */
function isLeftOut(element: Element): boolean {
  if (isNotes(element)) return true;
  if (NEVER.has(element.localName) && !isPlainText(element)) return true;
  if (rolesOf(element).some((role) => ROLES.has(role))) return true;
  if ([PDF_LINES, ACE].some((name) => element.classList.contains(name))) return true;
  if (element.localName === "html" && isTranslated(element.getAttribute("class"))) return true;
  return isEditor(element) || isMereForm(element);
}

/** Without an address it is a bookmark, which in old pages may hold all up to the next. */
function isLink(element: Element): boolean {
  return element.localName === "a" && element.hasAttribute("href");
}

/** Of a menu or a list of headlines; a long text may well lead to its own page. */
function isEntry({ element, kind, text }: Block): boolean {
  return isLink(element) && kind !== "heading" && text.length <= SHORT;
}

/**
 * Seen, though browsers shut an HR over the content that it has not, and in mails of Outlook it is a box in
 * a line. Sets of components have boxes that say what they are; one aside is a handle to drag.
 */
function isRule(element: Element, { display, inline, aside }: Sheet): boolean {
  if (display === "none") return false;
  return (
    element.localName === "hr" || (!inline && !aside && rolesOf(element).includes("separator"))
  );
}

/** What a slot took in is shown instead of its own, and read where it stands in the page. */
function isFilled(element: Element): boolean {
  return element instanceof HTMLSlotElement && element.assignedNodes().length > 0;
}

/** Code set apart from prose is code; within a sentence it is a word of it. */
function isCode(element: Element, { inline }: Sheet): boolean {
  return !inline && (element.localName === "code" || rolesOf(element).includes("code"));
}

function isWord(element: Element, { display }: Sheet): boolean {
  return display.startsWith("inline-") && element.textContent.length <= SHORT;
}

function canHost(element: Element): boolean {
  return element.localName.includes("-") || HOSTS.has(element.localName);
}

/** Words with single spaces between them are rendered as they stand: mostly that is all there is. */
const COLLAPSED = /[^ \t\n\r\f]+(?: [^ \t\n\r\f]+)*|[ \t\n\r\f]+/g;
const PRESERVED = /[^\n]+|\n/g;

/** The blocks below `start`, in the order of the document; `undefined` where it may be paused. */
export function* extract(
  start: Element | ShadowRoot,
  eyes: Eyes,
  sights: Sights,
): Generator<Block | undefined> {
  let open: Builder | null = null;
  /** Within a box in a line of text: a word of it, whatever boxes that is made of. */
  let inWord = false;

  function* close(): Generator<Block> {
    const block = open?.build();
    open = null;
    if (block) yield isEntry(block) ? border(block.element) : block;
  }

  function* children(
    parent: Element | ShadowRoot,
    owner: Element,
    kind: BlockKind,
    sheet: Sheet,
    link: boolean,
  ): Generator<Block | undefined> {
    const closed = isClosed(owner) && parent === owner;
    for (let child = parent.firstChild; child; child = child.nextSibling) {
      if (closed && !(child instanceof Element && child.localName === "summary")) continue;
      if (child instanceof Text) {
        if (sheet.visible) yield* text(child, owner, kind, sheet, link);
      } else if (child instanceof Element) {
        yield* element(child, owner, kind, link);
      }
    }
  }

  function* text(
    node: Text,
    owner: Element,
    kind: BlockKind,
    { preserves }: Sheet,
    link: boolean,
  ): Generator<Block | undefined> {
    for (const { 0: found, index } of node.data.matchAll(preserves ? PRESERVED : COLLAPSED)) {
      if (preserves && found === "\n") {
        if (open?.lineBreak() === false) yield* close();
      } else {
        if (open?.turnsAt(found)) yield* close();
        open ??= new Builder(owner, kind);
        open.add(node, index, found, !preserves, link);
      }
    }
  }

  function* element(
    node: Element,
    owner: Element,
    kind: BlockKind,
    link: boolean,
  ): Generator<Block | undefined> {
    if (node.localName === "br") {
      if (open?.lineBreak() === false) yield* close();
      return;
    }
    if (eyes.isOwn(node) || isInsertion(node) || isFilled(node)) return;
    // Before each element: a single paragraph may have thousands.
    yield undefined;
    const sheet = sheetOf(node);
    if (isRule(node, sheet)) {
      yield* close();
      yield border(node);
      return;
    }
    if (isLeftOut(node) || isCode(node, sheet)) {
      if (sheet.inline || sheet.aside) open?.skip();
      else if (sheet.display !== "none") yield* close();
      return;
    }
    const concealed =
      sheet.concealed || (!(sheet.inline && sheet.display) && !eyes.isRendered(node));
    if (concealed || !sheet.visible || isClosed(node)) sights.hidden(node);
    if (concealed) return;
    const shadow = canHost(node) ? eyes.shadowRoot(node) : null;
    if (shadow) sights.shadowRoot(shadow);
    // Without a slot none of the host's own is shown.
    const hasOwn = shadow?.querySelector("slot") !== null;
    if (sheet.inline || inWord) {
      const outer = inWord;
      inWord ||= open?.isEmpty === false && isWord(node, sheet);
      if (shadow) {
        // No range reaches from one tree into another.
        open?.skip();
        yield* children(shadow, owner, kind, sheet, link);
        open?.skip();
      }
      if (hasOwn) yield* children(node, owner, kind, sheet, link || isLink(node));
      inWord = outer;
      return;
    }
    const around: Builder | null = sheet.aside ? open : null;
    if (sheet.aside) open = null;
    else yield* close();
    const own =
      HEADINGS.test(node.localName) || node.getAttribute("role") === "heading"
        ? "heading"
        : node.localName === "li" || sheet.display === "list-item"
          ? "item"
          : kind === "heading" || kind === "item"
            ? kind
            : "paragraph";
    if (shadow) {
      yield* children(shadow, node, own, sheet, false);
      yield* close();
    }
    if (hasOwn) yield* children(node, node, own, sheet, link);
    yield* close();
    open = around;
    around?.skip();
  }

  if (start instanceof Element) {
    yield* element(start, start, "paragraph", false);
  } else {
    yield* children(start, start.host, "paragraph", sheetOf(start.host), false);
  }
  yield* close();
}

/** The outermost element around `element`, or itself, of which nothing or little may be read. */
export function outermostUnread(element: Element): Element | null {
  let found: Element | null = null;
  for (let up: Element | null = element; up; up = parentOf(up)) {
    const sheet = sheetOf(up);
    const isOut = isInsertion(up) || isLeftOut(up) || isCode(up, sheet);
    if (isOut || isClosed(up) || sheet.concealed) found = up;
  }
  return found;
}

/** The parent, across the border of a shadow tree. */
export function parentOf(node: Node): Element | null {
  if (node.parentElement) return node.parentElement;
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}
