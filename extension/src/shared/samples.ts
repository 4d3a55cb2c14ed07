/** The marks as samples, for the legend and the options: by the very rules of the page's marks. */

import type { Style } from "./settings";
import { barBorder, declarations, highlightName, type Level, type MarkKind } from "./style";

const SAMPLES: readonly (readonly [MarkKind, Level])[] = [
  ["ai", 1],
  ["ai", 4],
  ["unclear", 1],
];

/** In the margin style a sample has its bar at its side. */
function sample(style: Style, kind: MarkKind, level: Level): string {
  if (style !== "margin") return declarations(style, kind, level);
  return `${barBorder(kind, level)} padding-inline-start: 6px;`;
}

export function sampleCss(style: Style, below = ""): string {
  return SAMPLES.map(
    ([kind, level]) => `${below} .${highlightName(kind, level)} { ${sample(style, kind, level)} }`,
  ).join("\n");
}
