/** From passages to what is said about the page. */

import { NO_WORDS, type Counted } from "./messages";
import type { Refusal, Score } from "./score";
import { isUnfit } from "./wording";

export type PageVerdict = "ai" | "mixed" | "unclear" | "human" | "none" | "unjudged" | "short";

/** What a passage counts as. A text of no kind that the model knows is no doubt about the writer. */
export function standing(score: Score | Refusal): keyof Counted {
  if ("error" in score || isUnfit(score)) return "unjudged";
  return score.verdict === "too_short" ? "short" : score.verdict;
}

export function judged(words: Counted): number {
  return words.ai + words.unclear + words.human;
}

export function total(words: Counted): number {
  return judged(words) + words.unjudged + words.short + words.waiting;
}

export function add(a: Counted, b: Counted): Counted {
  const sum: Record<keyof Counted, number> = { ...NO_WORDS };
  for (const kind of Object.keys(sum) as (keyof Counted)[]) sum[kind] = a[kind] + b[kind];
  return sum;
}

/** Whether a verdict is of little of the page: of the words that wait for no score, under half were judged. */
export function isOfLittle(words: Counted): boolean {
  return judged(words) < (total(words) - words.waiting) / 2;
}

/**
 * The page's verdict, from the shares of its judged words; where there are none, why: not yet (`none`), or
 * what most of its text is.
 *
 * One passage in a hundred by a human is called `ai` by design, so a page of many passages holds
 * one by chance: under a tenth of the words is not yet a mixed page.
 */
export function pageVerdict(words: Counted): PageVerdict {
  const all = judged(words);
  if (all === 0 && words.waiting > 0) return "none";
  if (all === 0) return words.unjudged > words.short ? "unjudged" : "short";
  if (words.ai >= all / 2) return "ai";
  if (words.ai >= all / 10) return "mixed";
  return words.human >= all / 2 ? "human" : "unclear";
}
