/** A passage's score to what is marked in it. Pure. */

import type { Refusal, Score } from "../shared/score";
import type { Level, MarkKind } from "../shared/style";
import { standing } from "../shared/verdict";

/** A half-open span of the passage, in UTF-16 code units. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly kind: MarkKind;
  readonly level: Level;
}

/**
 * A mark never says more than the passage's verdict, which is the one with a known error rate: the
 * verdict gives the kind, a sentence's own score how strong it is, and a sentence that reads
 * human, or is too short for a verdict, is left unmarked. Where all are, the passage as a whole
 * holds the evidence, and is marked so, at its faintest: no mark would say that it is likely human.
 *
 * @param threshold passages of a lower probability are not marked
 */
export function marks(score: Score | Refusal, threshold: number): Mark[] {
  const kind = standing(score);
  if ("error" in score || (kind !== "ai" && kind !== "unclear")) return [];
  if ((score.probability ?? 0) < threshold) return [];
  const found: Mark[] = [];
  for (const [index, { start, end, probability, verdict }] of score.sentences.entries()) {
    if (verdict !== "ai" && verdict !== "unclear") continue;
    const level = verdict === "ai" ? strength(probability) : 1;
    const last = found.at(-1);
    const before = score.sentences[index - 1];
    // Neighbours of one strength are one mark, without a gap between them.
    if (last?.level === level && last.end === before?.end) {
      found[found.length - 1] = { ...last, end };
    } else {
      found.push({ start, end, kind, level });
    }
  }
  const [first] = score.sentences;
  const last = score.sentences.at(-1);
  if (found.length > 0 || !first || !last) return found;
  return [{ start: first.start, end: last.end, kind, level: 1 }];
}

function strength(probability: number): Level {
  if (probability >= 0.99) return 4;
  return probability >= 0.97 ? 3 : 2;
}
