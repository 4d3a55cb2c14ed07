import type { Area } from "../../src/background/cache";
import type { Score } from "../../src/shared/score";

/** What a test has remembered. */
export const SCORE: Score = {
  verdict: "human",
  probability: 0.1,
  words: 50,
  coverage: 1,
  sentences: [],
  findings: [],
};

/** A storage as the browser's, that a test can look into. */
export function memory(): Area & { readonly stored: Map<string, unknown> } {
  const stored = new Map<string, unknown>();
  return {
    stored,
    get: () => Promise.resolve(Object.fromEntries(stored)),
    set: (items) => {
      for (const [key, value] of Object.entries(items)) stored.set(key, value);
      return Promise.resolve();
    },
    remove: (keys) => {
      for (const key of keys) stored.delete(key);
      return Promise.resolve();
    },
  };
}
