/** The one seam over the CSS Custom Highlight API: ranges in, marks on the page. */

import type { Style } from "../shared/settings";
import {
  EACH_TREE,
  highlightCss,
  highlightName,
  KINDS,
  type Level,
  type MarkKind,
} from "../shared/style";
import { abandon, adopt } from "./sheets";

export interface Painter {
  add(range: Range, kind: MarkKind, level: Level): void;
  remove(range: Range, kind: MarkKind, level: Level): void;
  /** Make marks visible in a shadow tree too. */
  adopt(root: Document | ShadowRoot): void;
  /** Take up again what the page threw out: the style, the highlights. */
  ensure(): void;
  restyle(style: Style): void;
  dispose(): void;
}

/** Highlights live beside the document, not in it: no element, no attribute is touched. */
export function createPainter(style: Style): Painter {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(highlightCss(style));
  const highlights = new Map<string, Highlight>();
  const roots = new Set<WeakRef<Document | ShadowRoot>>();
  const known = new WeakSet<Document | ShadowRoot>();

  for (const [kind, level] of KINDS) {
    const name = highlightName(kind, level);
    const highlight = new Highlight();
    highlights.set(name, highlight);
    CSS.highlights.set(name, highlight);
  }

  const painter: Painter = {
    add(range, kind, level) {
      highlights.get(highlightName(kind, level))?.add(range);
    },
    remove(range, kind, level) {
      highlights.get(highlightName(kind, level))?.delete(range);
    },
    adopt(root) {
      if (known.has(root) || (root instanceof ShadowRoot && !EACH_TREE)) return;
      known.add(root);
      roots.add(new WeakRef(root));
      adopt(root, sheet);
    },
    ensure() {
      for (const [name, highlight] of highlights) {
        if (!CSS.highlights.has(name)) CSS.highlights.set(name, highlight);
      }
      for (const reference of roots) {
        const root = reference.deref();
        if (root) adopt(root, sheet);
        else roots.delete(reference);
      }
    },
    restyle(chosen) {
      sheet.replaceSync(highlightCss(chosen));
    },
    dispose() {
      for (const [name, highlight] of highlights) {
        // A content script of the extension's next version may have put its own there.
        if (CSS.highlights.get(name) === highlight) CSS.highlights.delete(name);
      }
      for (const reference of roots) {
        const root = reference.deref();
        if (root) abandon(root, sheet);
      }
    },
  };
  painter.adopt(document);
  return painter;
}
