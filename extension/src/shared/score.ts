/** What the server answers about a text, checked where it enters; see `POST /v1/score`. */

/** The API this extension speaks; `/readyz` says which one a server has. */
export const API = 1;
/** Fewer words than this are not judged, unless the server's model says otherwise. */
export const MIN_WORDS = 40;

export type Verdict = "ai" | "human" | "unclear" | "too_short";

/** A half-open span of the text that was sent, in UTF-16 code units, as JavaScript slices. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly probability: number;
  readonly verdict: Verdict;
}

export interface Finding {
  readonly kind: string;
  readonly message: string;
}

export interface Score {
  readonly verdict: Verdict;
  /** Calibrated, 0 to 1, at even odds of both kinds; null where nothing was scored. */
  readonly probability: number | null;
  readonly words: number;
  /** The share of the words that was scored, 0 to 1. */
  readonly coverage: number;
  readonly sentences: readonly Sentence[];
  readonly findings: readonly Finding[];
}

export interface Refusal {
  /** What to say where `code` is none of the known ones. */
  readonly error: string;
  readonly code?: string;
}

export interface Server {
  readonly version: string;
  readonly model: string;
  /** Names the very weights: scores of two models are never mixed. */
  readonly sha256: string;
  readonly minWords: number;
}

/** The answer came, but not from a Byline server, or not in its form. */
export class ForeignAnswer extends Error {
  override readonly name = "ForeignAnswer";
}

export class OtherApi extends Error {
  override readonly name = "OtherApi";
  constructor(
    readonly api: number,
    readonly version: string,
  ) {
    super(`The server speaks API ${api}, this extension ${API}`);
  }
}

type Json = Readonly<Record<string, unknown>>;

const VERDICTS: readonly unknown[] = ["ai", "human", "unclear", "too_short"];

function object(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ForeignAnswer(`${what} is not an object`);
  }
  return value as Json;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ForeignAnswer(`${what} is not a list`);
  return value;
}

function number(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new ForeignAnswer(`${what} is not a number`);
  }
  return value;
}

function string(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ForeignAnswer(`${what} is not a string`);
  return value;
}

function verdict(value: unknown): Verdict {
  if (!VERDICTS.includes(value)) throw new ForeignAnswer("verdict is none of the known ones");
  return value as Verdict;
}

function sentence(value: unknown, length: number): Sentence {
  const json = object(value, "a sentence");
  const start = number(json.start, "start");
  const end = number(json.end, "end");
  // Painting trusts these numbers.
  if (!(0 <= start && start <= end && end <= length)) {
    throw new ForeignAnswer(`the span ${start} to ${end} lies outside the text`);
  }
  return {
    start,
    end,
    probability: number(json.probability, "probability"),
    verdict: verdict(json.verdict),
  };
}

function score(json: Json, text: string): Score | Refusal {
  if ("error" in json) {
    const { code, message } = object(json.error, "error");
    return { error: string(message, "message"), code: string(code, "code") };
  }
  const probability = json.probability;
  const findings = list(json.findings ?? [], "findings").map((value) => {
    const finding = object(value, "a finding");
    return {
      kind: string(finding.kind, "kind"),
      message: string(finding.message, "message"),
    };
  });
  return {
    verdict: verdict(json.verdict),
    probability: probability === null ? null : number(probability, "probability"),
    words: number(json.words, "words"),
    coverage: number(json.coverage, "coverage"),
    sentences: list(json.sentences ?? [], "sentences").map((value) => sentence(value, text.length)),
    findings,
  };
}

/**
 * The answers to `texts`, in their order, and the hash of the model that gave them.
 *
 * @throws ForeignAnswer where the body has another form
 */
export function parseScores(
  body: unknown,
  texts: readonly string[],
): { readonly sha256: string; readonly scores: readonly (Score | Refusal)[] } {
  const json = object(body, "the answer");
  const sha256 = string(object(json.model, "model").sha256, "sha256");
  const found = new Map<string, Json>();
  for (const value of list(json.results, "results")) {
    const result = object(value, "a result");
    found.set(string(result.id, "id"), result);
  }
  const scores = texts.map((text, index) => {
    const result = found.get(String(index));
    if (!result) throw new ForeignAnswer(`no result for text ${index}`);
    return score(result, text);
  });
  return { sha256, scores };
}

/**
 * The version that `/readyz` names.
 *
 * @throws OtherApi where the server is too old or too new for this extension
 */
export function parseReady(body: unknown): string {
  const json = object(body, "the answer");
  if (json.status !== "ready") throw new ForeignAnswer("status is not ready");
  const version = typeof json.version === "string" ? json.version : "?";
  const api = typeof json.api === "number" ? json.api : 0;
  if (api !== API) throw new OtherApi(api, version);
  return version;
}

/** The default model, of `/v1/models`. */
export function parseModels(body: unknown): Omit<Server, "version"> {
  const json = object(body, "the answer");
  const name = string(json.default, "default");
  const model = list(json.models, "models")
    .map((value) => object(value, "a model"))
    .find((candidate) => candidate.name === name);
  if (!model) throw new ForeignAnswer("the default model is not among the models");
  return {
    model: name,
    sha256: string(model.sha256, "sha256"),
    minWords: number(model.min_words, "min_words"),
  };
}
