/** The one place that fetches: a request to the server, and what went wrong in words of State. */

import {
  ForeignAnswer,
  OtherApi,
  parseModels,
  parseReady,
  parseScores,
  type Refusal,
  type Score,
  type Server,
} from "../shared/score";
import { originPattern } from "../shared/settings";
import type { Kind } from "../shared/state";

/** Chrome ends a worker whose fetch takes 30 s; the timeout must come before. */
const TIMEOUT = 25_000;
const HANDSHAKE_TIMEOUT = 10_000;

export interface Address {
  readonly server: string;
  readonly token: string;
}

/** The request failed in a way that concerns the server as a whole. */
export class Failure extends Error {
  override readonly name = "Failure";
  constructor(
    readonly as: Exclude<Kind, "unknown" | "ok">,
    readonly detail: string,
    readonly retryAfter: number | null = null,
  ) {
    super(`${as}: ${detail}`);
  }
}

/** No score came in time. */
export class Late extends Failure {
  constructor(seconds: number) {
    super("busy", `${seconds} s`);
  }
}

/** The server is well but will not take this request (413, 422, ...). */
export class Refused extends Error {
  override readonly name = "Refused";
}

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** Retry-After in milliseconds: seconds or a date (RFC 9110, 10.2.3); null where there is none. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

async function request(
  fetch: Fetch,
  { server, token }: Address,
  path: string,
  timeout: number,
  body?: string,
): Promise<unknown> {
  // No server has such a one, and of a header that can't hold it fetch says what it says of a server away.
  if (!/^[ -~]*$/.test(token)) throw new Failure("unauthorized", "");
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token !== "") headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = {
    method: body === undefined ? "GET" : "POST",
    headers,
    // Neither cookies nor a redirect may carry a page's text elsewhere.
    credentials: "omit",
    redirect: "error",
    cache: "no-store",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(timeout),
    ...(body === undefined ? {} : { body }),
  };
  let response: Response;
  let text: string;
  try {
    response = await fetch(server + path, init);
    text = await response.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      // A greeting is little work: who is silent then is not merely busy.
      throw body === undefined ? new Failure("unreachable", server) : new Late(timeout / 1000);
    }
    // A TypeError is all that fetch says of a refused connection, a bad certificate, a redirect, or of
    // a permission that the browser's own settings took back.
    const may = await chrome.permissions.contains({ origins: [originPattern(server)] });
    throw new Failure(may ? "unreachable" : "withheld", server);
  }
  const { status } = response;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined; // HTML, or an empty body: judged by the status below.
  }
  if (status === 200) {
    if (json === undefined) throw new Failure("foreign", server);
    return json;
  }
  if (status === 401) throw new Failure("unauthorized", `${status}`);
  // Its guard against other origins and other host names: the message says which.
  if (status === 403) throw new Failure("refused", refusal(json) ?? `${status}`);
  // A proxy's own 503 says that nothing is behind it.
  if (status === 429 || (status === 503 && refusal(json) !== undefined)) {
    const wait = retryAfter(response.headers.get("Retry-After"), Date.now());
    // It may stay so: where its model can't run, its log says why.
    if (errorOf(json)?.code === "starting") throw new Failure("failing", `${status}`, wait);
    throw new Failure("busy", `${status}`, wait);
  }
  if (status >= 500) throw new Failure("failing", `${status}`);
  // Byline has had these addresses from its first API on: whoever has not is none, or has it elsewhere.
  if (status === 404 || status === 405) throw new Failure("foreign", `${server}${path}: ${status}`);
  throw new Refused(refusal(json) ?? `${status}`);
}

function errorOf(json: unknown): { code?: unknown; message?: unknown } | undefined {
  return (json as { error?: { code?: unknown; message?: unknown } } | null | undefined)?.error;
}

function refusal(json: unknown): string | undefined {
  const message = errorOf(json)?.message;
  return typeof message === "string" ? message : undefined;
}

function understand<T>(server: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof OtherApi) {
      throw new Failure(error.api > 1 ? "newer" : "outdated", error.version);
    }
    if (error instanceof ForeignAnswer) throw new Failure("foreign", `${server}: ${error.message}`);
    throw error;
  }
}

/** Who the server is, and whether the token is right. Both questions carry no text. */
export async function handshake(fetch: Fetch, address: Address): Promise<Server> {
  const ready = await request(fetch, address, "/readyz", HANDSHAKE_TIMEOUT);
  const version = understand(address.server, () => parseReady(ready));
  const models = await request(fetch, address, "/v1/models", HANDSHAKE_TIMEOUT);
  return { version, ...understand(address.server, () => parseModels(models)) };
}

/** One request's worth of texts, answered in their order. */
export async function score(
  fetch: Fetch,
  address: Address,
  texts: readonly string[],
): Promise<{ readonly sha256: string; readonly scores: readonly (Score | Refusal)[] }> {
  const body = JSON.stringify({
    texts: texts.map((text, index) => ({ id: `${index}`, text })),
    detail: "sentence",
    offset_encoding: "utf-16",
  });
  const answer = await request(fetch, address, "/v1/score", TIMEOUT, body);
  return understand(address.server, () => parseScores(answer, texts));
}
