/** The marks as samples, for the legend and the options: by the very rules of the page's marks. */

import { highlightName, declarations } from "../content/style";
import type { MarkKind, Level } from "../content/marks";
import type { Style } from "./settings";

const SAMPLES: readonly (readonly [MarkKind, Level])[] = [
  ["ai", 1],
  ["ai", 4],
  ["unclear", 1],
];

/** In the margin style a sample has its bar at its side. */
function sample(style: Style, kind: MarkKind, level: Level): string {
  if (style !== "margin") return declarations(style, kind, level);
  const colour = kind === "ai" ? `var(--amber)` : "var(--slate)";
  const form = kind === "ai" ? "solid" : "dotted";
  const faint =
    level === 1 && kind === "ai" ? `color-mix(in srgb, ${colour} 40%, transparent)` : colour;
  return `border-inline-start: 4px ${form} ${faint}; padding-inline-start: 6px;`;
}

export function sampleCss(style: Style, below = ""): string {
  return SAMPLES.map(
    ([kind, level]) => `${below} .${highlightName(kind, level)} { ${sample(style, kind, level)} }`,
  ).join("\n");
}
