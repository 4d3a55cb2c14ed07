/** Who says what to whom. Ports carry what belongs to a page's life, messages what is said once. */

import type { Refusal, Score, Verdict } from "./score";
import type { View } from "./settings";
import type { State } from "./state";

export const PAGE_PORT = "page";
export const POPUP_PORT = "popup";

/** Words by what was found about them. `waiting` are not scored yet, `short` never will be. */
export interface Counted {
  readonly ai: number;
  readonly unclear: number;
  readonly human: number;
  /** Of another language than the model knows, or refused by the server. */
  readonly unjudged: number;
  readonly short: number;
  readonly waiting: number;
}

export const NO_WORDS: Counted = { ai: 0, unclear: 0, human: 0, unjudged: 0, short: 0, waiting: 0 };

export interface Strong {
  readonly id: number;
  readonly frame: number;
  readonly excerpt: string;
  readonly verdict: Verdict;
  readonly probability: number;
}

/** A frame's passages, summed up. */
export interface Report {
  readonly words: Counted;
  /** How many passages are marked as likely AI-written, and as unclear. */
  readonly ai: number;
  readonly unclear: number;
  readonly strongest: readonly Omit<Strong, "frame">[];
}

export type FromPage =
  | { readonly kind: "here"; readonly active: boolean }
  | { readonly kind: "ask"; readonly texts: readonly Asked[] }
  | { readonly kind: "cancel"; readonly ids: readonly number[] }
  /** A frame in it shows another document than before. */
  | { readonly kind: "framed" }
  | { readonly kind: "report"; readonly report: Report };

export interface Asked {
  readonly id: number;
  readonly text: string;
}

export interface Answer {
  readonly id: number;
  readonly score: Score | Refusal;
}

export type ToPage =
  | { readonly kind: "start" | "view"; readonly view: View; readonly minWords: number }
  | { readonly kind: "stop" }
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "answer"; readonly answer: Answer };

/** Said once, by the worker, to the content scripts of a tab or a frame. */
export type PageCommand =
  | { readonly kind: "return" }
  | { readonly kind: "forget" }
  | { readonly kind: "reveal"; readonly id: number }
  | { readonly kind: "next" }
  | { readonly kind: "whole" }
  /** With the text as the browser's menu knows it: a field's selection is none of the document's. */
  | { readonly kind: "selection"; readonly text: string };

/** What the popup shows about its tab. */
export interface TabStatus {
  /** Null where a page can't be checked at all. */
  readonly site: string | null;
  readonly siteOff: boolean;
  readonly active: boolean;
  readonly state: State;
  readonly report: Omit<Report, "strongest"> & { readonly strongest: readonly Strong[] };
}

/** The popup or the options page to the worker. */
export type Request =
  | { readonly kind: "check"; readonly tab: number }
  | { readonly kind: "stop"; readonly tab: number }
  | { readonly kind: "whole"; readonly tab: number }
  | { readonly kind: "reveal"; readonly tab: number; readonly frame: number; readonly id: number }
  | { readonly kind: "retry" }
  | { readonly kind: "test"; readonly server: string; readonly token: string };

export interface ToPopup {
  readonly kind: "status";
  readonly status: TabStatus;
}
