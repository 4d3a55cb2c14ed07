/** Sentences about states and verdicts; the same wherever they are read. */

import type { Key, Words } from "./i18n";
import type { Finding, Refusal, Score, Verdict } from "./score";
import type { Kind, State } from "./state";

const TITLES: Record<Kind, Key> = {
  unknown: "stateUnknown",
  ok: "stateOk",
  busy: "stateBusy",
  unreachable: "stateUnreachable",
  withheld: "stateWithheld",
  unauthorized: "stateUnauthorized",
  refused: "stateRefused",
  outdated: "stateOutdated",
  newer: "stateNewer",
  foreign: "stateForeign",
  failing: "stateFailing",
};

const ADVICE: Partial<Record<Kind, Key>> = {
  busy: "adviceBusy",
  unreachable: "adviceUnreachable",
  withheld: "adviceWithheld",
  unauthorized: "adviceUnauthorized",
  refused: "adviceRefused",
  outdated: "adviceOutdated",
  newer: "adviceNewer",
  foreign: "adviceForeign",
  failing: "adviceFailing",
};

const VERDICTS: Record<Verdict, Key> = {
  ai: "verdictAi",
  unclear: "verdictUnclear",
  human: "verdictHuman",
  too_short: "verdictShort",
};

/** By the server's own names of them: scoring/byline/types.py. */
const FINDINGS: Readonly<Record<string, Key>> = {
  zero_width: "findingZeroWidth",
  bidi: "findingBidi",
  homoglyphs: "findingHomoglyphs",
  styled_letters: "findingStyledLetters",
  control_characters: "findingControlCharacters",
  invalid_unicode: "findingInvalidUnicode",
  repetitive: "findingRepetitive",
  truncated: "findingTruncated",
};

const REFUSALS: Readonly<Record<string, Key>> = {
  text_too_long: "textTooLong",
  late: "textLate",
};

/** A sentence, and its language where that is the server's. */
export interface Said {
  readonly text: string;
  readonly lang?: "en";
}

function said(key: Key | undefined, message: string, language: Words): Said {
  return key ? { text: language.say(key) } : { text: message, lang: "en" };
}

export function findingText({ kind, message }: Finding, language: Words): Said {
  return said(FINDINGS[kind], message, language);
}

export function refusalText({ code = "", error }: Refusal, language: Words): Said {
  return said(REFUSALS[code], error, language);
}

export function stateTitle(state: State, language: Words): string {
  return language.say(TITLES[state.kind]);
}

/** What to do about it; empty where there is nothing to do. */
export function stateAdvice(state: State, language: Words): string {
  const key = ADVICE[state.kind];
  if (!key) return "";
  const advice = language.say(key, state.detail);
  // Of a certificate that the browser doesn't trust an extension hears only that nothing came.
  const isSecure = state.kind === "unreachable" && state.detail.startsWith("https:");
  return isSecure ? `${advice} ${language.say("adviceCertificate")}` : advice;
}

/** "Likely AI-written (AI probability 93%)"; without a number where there is none. */
export function verdictLine(
  score: Pick<Score, "verdict" | "probability">,
  language: Words,
): string {
  const name = language.say(VERDICTS[score.verdict]);
  return score.probability === null
    ? name
    : language.say("verdictLine", name, language.percent(score.probability));
}

/** Is the text of a kind that the model was not asked about? The findings say which. */
export function isUnfit(score: Score): boolean {
  return score.verdict === "unclear" && score.probability === null;
}

/** Is the text of another language than the model knows? */
export function isForeignLanguage(score: Score): boolean {
  return score.findings.some(({ kind }) => kind === "not_english");
}
