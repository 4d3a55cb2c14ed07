/** Style sheets of ours, in the trees of the page. */

type Tree = Document | ShadowRoot;

/**
 * The list of a tree's sheets. A content script of Firefox before 153 may neither read nor set it but
 * as the page itself sees it (bug 1751346).
 */
function sheetsOf(root: Tree): CSSStyleSheet[] {
  return ((root as { wrappedJSObject?: Tree }).wrappedJSObject ?? root).adoptedStyleSheets;
}

export function adopt(root: Tree, sheet: CSSStyleSheet): void {
  const sheets = sheetsOf(root);
  if (!sheets.includes(sheet)) sheets.push(sheet);
}

export function abandon(root: Tree, sheet: CSSStyleSheet): void {
  const sheets = sheetsOf(root);
  const index = sheets.indexOf(sheet);
  if (index >= 0) sheets.splice(index, 1);
}
