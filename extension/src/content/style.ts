/**
 * How marks look; the legend and the options show them by the same rules.
 *
 * Amber and solid is `ai`, slate and dotted is `unclear`: they differ in form as well as in colour,
 * and neither is the red of an error. Half-transparent colours hold on light and dark pages alike.
 */

import type { Style } from "../shared/settings";
import { LEVELS, type Level, type MarkKind } from "./marks";

const AMBER = "217 119 6";
const SLATE = "100 130 170";

/** Names any page might use, for a page can list them. */
export function highlightName(kind: MarkKind, level: Level): string {
  return `mark-${kind === "ai" ? "a" : "u"}${level}`;
}

/** A page may be seen through the margin style without a single change to its text. */
export function declarations(style: Style, kind: MarkKind, level: Level): string {
  if (style === "margin") return "";
  if (kind === "unclear") {
    const line = `underline 2px dotted rgb(${SLATE} / ${level === 1 ? 0.75 : 0.95})`;
    const tint = style === "background" ? `background-color: rgb(${SLATE} / 0.14);` : "";
    return `text-decoration: ${line}; text-decoration-skip-ink: none; ${tint}`;
  }
  if (style === "background") return `background-color: rgb(${AMBER} / ${0.08 + 0.1 * level});`;
  const width = level === 1 ? 2 : 3;
  const line = `underline ${width}px solid rgb(${AMBER} / ${0.25 + level * 0.18})`;
  return `text-decoration: ${line}; text-decoration-skip-ink: none;`;
}

/** In forced colours the reader's own palette decides; the form still tells the kinds apart. */
function forcedDeclarations(style: Style, kind: MarkKind): string {
  if (style === "margin") return "";
  return kind === "ai"
    ? "text-decoration: underline 3px solid Highlight; background-color: Canvas; color: CanvasText;"
    : "text-decoration: underline 2px dotted CanvasText; background-color: Canvas; color: CanvasText;";
}

/**
 * Whether elements inherit the style of a highlight from their parents, as the specification has
 * it (CSS Pseudo-Elements 4, 3.5): in Chrome they do, in Firefox not yet. build.mjs sets it.
 */
declare const HIGHLIGHTS_INHERIT: boolean;

/**
 * The rules of the marks. Where highlights inherit, one for the root element is enough, shadow
 * trees included: a new rule for every element would have the browser match it with them all.
 */
export function highlightCss(style: Style, inherits = HIGHLIGHTS_INHERIT): string {
  const rules = (declared: (kind: MarkKind, level: Level) => string) =>
    (["ai", "unclear"] as const)
      .flatMap((kind) => LEVELS.map((level) => [kind, level] as const))
      .map(
        ([kind, level]) =>
          `${inherits ? ":root" : ""}::highlight(${highlightName(kind, level)}) { ${declared(kind, level)} }`,
      )
      .join("\n");
  const plain = rules((kind, level) => declarations(style, kind, level));
  const forced = rules((kind) => forcedDeclarations(style, kind));
  return `${plain}\n@media (forced-colors: active) { ${forced} }`;
}

/** Whether each shadow tree needs the rules for itself. */
export const EACH_TREE = !HIGHLIGHTS_INHERIT;

/** A bar beside the text. */
export const MARGIN_CSS = `
  .bar { position: absolute; width: 0; border-inline-start: 4px solid rgb(${AMBER} / 0.35); border-radius: 2px; }
  .bar[data-level="2"] { border-color: rgb(${AMBER} / 0.6); }
  .bar[data-level="3"] { border-color: rgb(${AMBER} / 0.8); }
  .bar[data-level="4"] { border-color: rgb(${AMBER}); }
  .bar[data-kind="unclear"] { border-inline-start: 4px dotted rgb(${SLATE} / 0.9); border-radius: 0; }
  @media (forced-colors: active) {
    .bar { border-color: Highlight !important; }
    .bar[data-kind="unclear"] { border-color: CanvasText !important; }
  }
`;
