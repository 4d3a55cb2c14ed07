/**
 * How marks look; the legend and the options show them by the same rules.
 *
 * Amber and solid is `ai`, slate and dotted is `unclear`: they differ in form as well as in colour,
 * and neither is the red of an error. Each is halfway between white and black, so that it stands out from
 * light and dark pages alike (WCAG 1.4.11). The thickness says how strong a mark is: paler ones would be
 * lost on some readers.
 */

import type { Style } from "./settings";

export type MarkKind = "ai" | "unclear";

/** 1 is the faintest. */
export type Level = 1 | 2 | 3 | 4;
export const LEVELS: readonly Level[] = [1, 2, 3, 4];

const COLOURS = { ai: "188 103 5", unclear: "92 124 165" } as const;

export const KINDS = (["ai", "unclear"] as const).flatMap((kind) =>
  LEVELS.map((level) => [kind, level] as const),
);

/** Names any page might use, for a page can list them. */
export function highlightName(kind: MarkKind, level: Level): string {
  return `mark-${kind === "ai" ? "a" : "u"}${level}`;
}

/** A page may be seen through the margin style without a single change to its text. */
export function declarations(style: Style, kind: MarkKind, level: Level): string {
  if (style === "margin") return "";
  const form = kind === "ai" ? `${level}px solid` : "2px dotted";
  // So faint that the line on it stands out, and the text.
  const strength = kind === "ai" ? 0.04 + 0.05 * level : 0.14;
  const tint =
    style === "background" ? `background-color: rgb(${COLOURS[kind]} / ${strength}); ` : "";
  return `${tint}text-decoration: underline ${form} rgb(${COLOURS[kind]}); text-decoration-skip-ink: none;`;
}

/** The line that is a bar beside the text. */
export function barBorder(kind: MarkKind, level: Level): string {
  const form = kind === "ai" ? `${level + 1}px solid` : "4px dotted";
  return `border-inline-start: ${form} rgb(${COLOURS[kind]});`;
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
    KINDS.map(
      ([kind, level]) =>
        `${inherits ? ":root" : ""}::highlight(${highlightName(kind, level)}) { ${declared(kind, level)} }`,
    ).join("\n");
  const plain = rules((kind, level) => declarations(style, kind, level));
  const forced = rules((kind) => forcedDeclarations(style, kind));
  return `${plain}\n@media (forced-colors: active) { ${forced} }`;
}

/** Whether each shadow tree needs the rules for itself. */
export const EACH_TREE = !HIGHLIGHTS_INHERIT;

/** Of the widest bar, in pixels. */
export const BAR_WIDTH = 5;

/** A bar beside the text. */
export const MARGIN_CSS = `
  .bar { position: absolute; width: 0; }
  ${KINDS.map(
    ([kind, level]) =>
      `.bar[data-kind="${kind}"][data-level="${level}"] { ${barBorder(kind, level)} }`,
  ).join("\n")}
  .bar[data-kind="ai"] { border-radius: 2px; }
  @media (forced-colors: active) {
    .bar { border-color: Highlight !important; }
    .bar[data-kind="unclear"] { border-color: CanvasText !important; }
  }
`;
