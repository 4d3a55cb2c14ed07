/**
 * What is shown above the page: the tooltip, and the bars of the margin style.
 *
 * Each lives in an element of its own, in a closed shadow root, and only while there is something to show:
 * the page's own markup is never touched.
 */

import { MARGIN_CSS } from "../shared/style";
import { CARD_CSS } from "./card";
import { adopt } from "./sheets";

const HOST_CSS = `
  /* "all" leaves the page's direction; both languages of ours run from left to right. */
  :host { all: initial !important; direction: ltr !important; position: absolute !important; top: 0 !important;
    left: 0 !important; width: 0 !important; height: 0 !important; display: block !important; }
  .tip { position: fixed; inset: auto; margin: 0; padding: 0; border: 0; background: none; overflow: visible;
    color-scheme: light dark; }
  .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .bars { position: absolute; top: 0; left: 0; z-index: 2147483646; pointer-events: none; }
  /* On paper the text stands elsewhere. */
  @media print { :host { display: none !important; } }
`;
const GAP = 8;
/** Milliseconds. A screen reader reads out what changes in a place that it knows, not one that comes filled. */
const SAY = 300;

export interface Bar {
  readonly left: number;
  readonly top: number;
  readonly height: number;
  readonly kind: string;
  readonly level: number;
}

export class Overlay {
  private readonly tip = document.createElement("div");
  private readonly said = document.createElement("div");
  private readonly bars = document.createElement("div");
  private readonly barHost: HTMLElement;
  private readonly tipHost: HTMLElement;
  private saying: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(HOST_CSS + CARD_CSS + MARGIN_CSS);
    this.tip.className = "tip";
    this.tip.popover = "manual";
    this.said.className = "said";
    this.said.role = "status";
    this.bars.className = "bars";
    this.bars.ariaHidden = "true";
    this.barHost = hostOf(sheet, this.bars);
    this.tipHost = hostOf(sheet, this.tip, this.said);
  }

  get tipShown(): boolean {
    return this.tip.matches(":popover-open");
  }

  owns(target: EventTarget | null): boolean {
    return target === this.tipHost || target === this.barHost;
  }

  /**
   * Show `card` at a place of the viewport: below it, or above where there is no room.
   *
   * @param aloud what of the page a screen reader reads out behind it; null where it is to be silent
   */
  showTip(card: HTMLElement, place: DOMRect, language: string, aloud: string | null): void {
    // Under a modal dialog all else can be neither heard nor pointed at.
    const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
    const holder = dialog ?? document.documentElement;
    if (this.tipHost.parentNode !== holder) holder.append(this.tipHost);
    this.say(aloud === null ? null : card, language, aloud ?? "");
    this.tip.lang = language;
    this.tip.replaceChildren(card);
    if (!this.tipShown) this.tip.showPopover();
    const { offsetWidth, offsetHeight } = this.tip;
    const room = document.documentElement;
    const left = Math.max(GAP, Math.min(place.left, room.clientWidth - offsetWidth - GAP));
    const below = place.bottom + GAP;
    const above = place.top - offsetHeight - GAP;
    const top = below + offsetHeight <= window.innerHeight || above < 0 ? below : above;
    const lowest = window.innerHeight - offsetHeight - GAP;
    this.tip.style.setProperty("left", `${left}px`);
    this.tip.style.setProperty("top", `${Math.max(GAP, Math.min(top, lowest))}px`);
  }

  hideTip(): void {
    this.say(null);
    this.tip.replaceChildren();
    this.tipHost.remove();
  }

  private say(card: HTMLElement | null, language = "", quoted = ""): void {
    clearTimeout(this.saying);
    if (!card) this.said.replaceChildren();
    else {
      this.said.lang = language;
      const copy = [...card.querySelectorAll("p")].map((line) => line.cloneNode(true));
      if (quoted !== "") {
        const line = document.createElement("p");
        line.lang = document.documentElement.lang;
        line.textContent = quoted;
        copy.push(line);
      }
      this.saying = setTimeout(() => {
        this.said.replaceChildren(...copy);
      }, SAY);
    }
  }

  /** The bars, in coordinates of the viewport. */
  showBars(bars: readonly Bar[]): void {
    if (bars.length === 0) this.barHost.remove();
    else if (!this.barHost.isConnected) document.documentElement.append(this.barHost);
    const origin = this.barHost.getBoundingClientRect();
    this.bars.replaceChildren(
      ...bars.map(({ left, top, height, kind, level }) => {
        const bar = document.createElement("div");
        bar.className = "bar";
        bar.dataset.kind = kind;
        bar.dataset.level = `${level}`;
        bar.style.setProperty("left", `${left - origin.left}px`);
        bar.style.setProperty("top", `${top - origin.top}px`);
        bar.style.setProperty("height", `${height}px`);
        return bar;
      }),
    );
  }

  dispose(): void {
    this.hideTip();
    this.showBars([]);
  }
}

/** An element that holds `parts`, and whose own are out of the page's reach. */
function hostOf(sheet: CSSStyleSheet, ...parts: readonly HTMLElement[]): HTMLElement {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "closed" });
  adopt(root, sheet);
  root.append(...parts);
  return host;
}
