/** Injected into pages and frames, possibly several times: the first one stays. */

import type { PageCommand } from "../shared/messages";
import { Page } from "./page";

/** Firefox has it on the element, Chrome in a namespace. Both reach closed shadow roots. */
interface FirefoxElement {
  readonly openOrClosedShadowRoot?: ShadowRoot | null;
}

function shadowRoot(element: Element): ShadowRoot | null {
  const firefox = (element as Element & FirefoxElement).openOrClosedShadowRoot;
  if (firefox !== undefined) return firefox;
  return element instanceof HTMLElement ? chrome.dom.openOrClosedShadowRoot(element) : null;
}

function isRendered(element: Element): boolean {
  return element.checkVisibility({ opacityProperty: true });
}

const world = globalThis as { bylinePage?: Page };
if (world.bylinePage) world.bylinePage.present();
else {
  const page = new Page({ shadowRoot, isRendered });
  world.bylinePage = page;
  chrome.runtime.onMessage.addListener((command: PageCommand, _, respond) => {
    respond(page.obey(command));
  });
  page.present();
}
