/** How it stands with the server: pure, so that every way through it can be tested. */

import { MIN_WORDS, type Server } from "./score";

/**
 * - `unknown`: not asked yet
 * - `ok`: it answers
 * - `busy`: it answers late, or says that it has no room
 * - `unreachable`: nothing answers at the address
 * - `withheld`: the browser's own settings took back the permission to send there
 * - `unauthorized`: it wants a token, or another one
 * - `refused`: it takes nothing from this extension, or not under this address
 * - `outdated`, `newer`: it speaks an older, a newer API
 * - `foreign`: something else than Byline answers
 * - `failing`: it answers with an error of its own
 */
export type Kind =
  | "unknown"
  | "ok"
  | "busy"
  | "unreachable"
  | "withheld"
  | "unauthorized"
  | "refused"
  | "outdated"
  | "newer"
  | "foreign"
  | "failing";

export interface State {
  readonly kind: Kind;
  /** What was seen: a status, a version. */
  readonly detail: string;
  /** Failures in a row. */
  readonly failures: number;
  /** When to try again, in milliseconds since the epoch; 0 for at once. */
  readonly retryAt: number;
  /** Null until a handshake; and after a failure, so that the next try begins with one. */
  readonly server: Server | null;
  /** Of the server known last: texts are not joined anew because it is away. */
  readonly minWords: number;
}

export type Event =
  | { readonly kind: "connected"; readonly server: Server }
  | { readonly kind: "answered" }
  | { readonly kind: "slow" }
  | {
      readonly kind: "failed";
      readonly as: Exclude<Kind, "unknown" | "ok">;
      readonly detail: string;
      /** What the server asked for in Retry-After, in milliseconds. */
      readonly retryAfter: number | null;
      /** It did not answer at all. */
      readonly silent?: boolean;
    }
  | { readonly kind: "settings" };

export const INITIAL: State = {
  kind: "unknown",
  detail: "",
  failures: 0,
  retryAt: 0,
  server: null,
  minWords: MIN_WORDS,
};

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** Doubling, with up to a quarter taken off so that browsers don't return all at once. */
export function backoff(failures: number, random: number): number {
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures - 1, 10));
  return wait * (1 - random / 4);
}

export function next(state: State, event: Event, now: number, random: number): State {
  switch (event.kind) {
    case "connected": {
      // Who greets well but fails at the work is not well yet, and its backoff goes on.
      const isUnwell = ["failing", "foreign", "busy"].includes(state.kind);
      const kind = isUnwell ? state.kind : "ok";
      const { server } = event;
      return { ...state, kind, retryAt: 0, server, minWords: server.minWords };
    }
    case "answered":
      return { ...state, kind: "ok", detail: "", failures: 0, retryAt: 0 };
    case "slow":
      // A failure that is known says more than slowness.
      return state.kind === "ok" || state.kind === "unknown" ? { ...state, kind: "busy" } : state;
    case "failed": {
      const failures = state.failures + 1;
      const wait = Math.max(backoff(failures, random), Math.min(event.retryAfter ?? 0, 120_000));
      return {
        ...state,
        kind: event.as,
        detail: event.detail,
        failures,
        retryAt: now + wait,
        // Whoever says that it is busy is still who it was; whoever is silent may be gone.
        server: event.as === "busy" && event.silent !== true ? state.server : null,
      };
    }
    case "settings":
      return INITIAL;
  }
}

/** Whether the reader has to do something, or at least wants to know. */
export function isTrouble(kind: Kind): boolean {
  return kind !== "ok" && kind !== "unknown" && kind !== "busy";
}
