/** How a page says that a machine translated it: what is read there is no one's writing. */

/** Chrome sets it on the root of what it translated, and so does Google's own widget in a page. */
const TRANSLATED = /(?:^|\s)translated-(?:ltr|rtl)(?:\s|$)/;

/** @param root the value of the root's class attribute */
export function isTranslated(root: string | null): boolean {
  return TRANSLATED.test(root ?? "");
}
