/** Style sheets of ours, in the trees of the page. */

type Tree = Document | ShadowRoot;

export function adopt(root: Tree, sheet: CSSStyleSheet): void {
  try {
    if (root.adoptedStyleSheets.includes(sheet)) return;
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch (error) {
    const sheets = seenByThePage(root, error);
    if (!sheets.includes(sheet)) sheets.push(sheet);
  }
}

export function abandon(root: Tree, sheet: CSSStyleSheet): void {
  try {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
  } catch (error) {
    const sheets = seenByThePage(root, error);
    const index = sheets.indexOf(sheet);
    if (index >= 0) sheets.splice(index, 1);
  }
}

/**
 * The list of a tree's sheets as the page itself sees it: a content script of Firefox before 153 may
 * not set it otherwise (it throws, bug 1751346).
 */
function seenByThePage(root: Tree, error: unknown): CSSStyleSheet[] {
  const seen = (root as { wrappedJSObject?: Tree }).wrappedJSObject;
  if (!seen) throw error;
  return seen.adoptedStyleSheets;
}
