/** What changes on the page, and what comes near the reader's eyes. */

import { isTranslated } from "../shared/translation";
import { isHidden } from "./extract";

/** The area looked at beyond the viewport: one screen above and below it. */
const NEAR = "100% 0px 100% 0px";

export interface Reactions {
  /** Nodes whose text may have changed, or is seen now, or can't be any more. */
  readonly changed: (nodes: readonly Node[]) => void;
  /** Elements came near, or went away. */
  readonly moved: () => void;
  /** A frame came, or went on to another document. */
  readonly framed: () => void;
  /** The page was written anew by its script, which takes all listeners off. */
  readonly renewed: () => void;
}

export class Watch {
  /** Elements near the viewport. */
  readonly near = new Set<Element>();
  private readonly hidden = new Set<Element>();
  private readonly mutations: MutationObserver;
  private readonly places: IntersectionObserver;
  private readonly roots = new WeakSet<Node>();
  private readonly listening = new AbortController();

  constructor(
    private readonly reactions: Reactions,
    isOwn: (node: Node) => boolean,
  ) {
    this.mutations = new MutationObserver((records) => {
      const nodes = new Set<Node>();
      for (const { type, target, addedNodes, removedNodes, oldValue } of records) {
        if (type === "attributes") {
          const now = isTranslated(document.documentElement.getAttribute("class"));
          if (isTranslated(oldValue) !== now) nodes.add(document.body);
          continue;
        }
        // A tooltip or bars of ours came or went; reading the page for it would bring them anew.
        if (type === "childList" && [...addedNodes, ...removedNodes].every(isOwn)) continue;
        // What was only appended is read by itself; anything else concerns its surroundings.
        const onlyElements = [...addedNodes].every((node) => node instanceof Element);
        if (type === "childList" && removedNodes.length === 0 && onlyElements && hasMany(target)) {
          for (const node of addedNodes) nodes.add(node);
        } else nodes.add(target);
      }
      if (nodes.size > 0) reactions.changed([...nodes]);
      if (!records.some(({ target }) => target === document)) return;
      this.attend(document);
      reactions.renewed();
    });
    this.places = new IntersectionObserver(
      (entries) => {
        const turned: Element[] = [];
        for (const { target, isIntersecting } of entries) {
          if (this.hidden.has(target)) {
            if (isIntersecting && isSeen(target)) {
              this.unhide(target);
              turned.push(target);
            }
          } else if (isIntersecting) this.near.add(target);
          // It left, and was not scrolled away.
          else if (this.near.delete(target) && !isSeen(target)) turned.push(target);
        }
        if (turned.length > 0) reactions.changed(turned);
        reactions.moved();
      },
      // The delay spares a page of thousands of paragraphs their measuring in every single frame;
      // browsers that don't know it measure more often.
      // A page whose scrolling is done by a box within it has its screens above and below in that box.
      // Chrome adds both margins up for the window; what is too far off for a reader is sorted out later.
      { rootMargin: NEAR, scrollMargin: NEAR, delay: 150 } as IntersectionObserverInit,
    );
  }

  root(root: Document | ShadowRoot): void {
    if (this.roots.has(root)) return;
    this.roots.add(root);
    this.mutations.observe(root, { subtree: true, childList: true, characterData: true });
    this.attend(root);
  }

  private readonly loaded = ({ target }: Event): void => {
    if (target instanceof Element && "contentWindow" in target) this.reactions.framed();
  };

  /** Again where `document.open` took the listeners, and all that stood there. */
  private attend(root: Document | ShadowRoot): void {
    // It doesn't bubble, nor leave a shadow tree.
    root.addEventListener("load", this.loaded, { capture: true, signal: this.listening.signal });
    // One that went on to another document before now has told nobody.
    if (root.querySelector("iframe, frame")) this.reactions.framed();
    const html = root === document ? (document.documentElement as HTMLElement | null) : null;
    // Of all attributes only this one says what becomes of the text: that it is translated.
    if (html) this.mutations.observe(html, { attributeFilter: ["class"], attributeOldValue: true });
  }

  observe(element: Element): void {
    this.unhide(element);
    this.places.observe(element);
  }

  unobserve(element: Element): void {
    this.near.delete(element);
    // One that is hidden is waited for.
    if (!this.hidden.has(element)) this.places.unobserve(element);
  }

  /** An element without a box comes near only once it is shown. */
  hide(element: Element): void {
    this.hidden.add(element);
    this.places.observe(element);
  }

  /** Forget those that left the page: a tree lives as long as one of its elements is held. */
  prune(): void {
    for (const element of this.hidden) if (!element.isConnected) this.unhide(element);
    for (const element of this.near) if (!element.isConnected) this.unobserve(element);
  }

  /** Those that kept their place, but were hidden and are seen now, or the other way round. */
  turned(): Element[] {
    this.prune();
    const shown = [...this.hidden].filter(isSeen);
    for (const element of shown) this.unhide(element);
    return [...shown, ...[...this.near].filter((element) => !isSeen(element))];
  }

  private unhide(element: Element): void {
    if (this.hidden.delete(element)) this.places.unobserve(element);
  }

  dispose(): void {
    this.mutations.disconnect();
    this.places.disconnect();
    this.listening.abort();
    this.near.clear();
    this.hidden.clear();
  }
}

/** Parents with so many children are read again only as far as they grew. */
function hasMany(target: Node): boolean {
  return target instanceof Element && target.childElementCount > 50;
}

function isSeen(element: Element): boolean {
  return (
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !isHidden(element)
  );
}
