import { afterEach, describe, expect, test, vi } from "vitest";
import {
  Failure,
  handshake,
  Refused,
  retryAfter,
  score,
  type Fetch,
} from "../../src/background/client";

const ADDRESS = { server: "http://127.0.0.1:8765", token: "" };

function answering(status: number, body: string, headers: Record<string, string> = {}): Fetch {
  return () => Promise.resolve(new Response(body, { status, headers }));
}

function mayReach(may: boolean) {
  const contains = vi.fn(() => Promise.resolve(may));
  vi.stubGlobal("chrome", { permissions: { contains } });
  return contains;
}

/** An answer about "text", with a sentence that ends there. */
function endingAt(end: number): string {
  const sentences = [{ start: 0, end, probability: 0.9, verdict: "ai" }];
  const result = { id: "0", verdict: "ai", probability: 0.9, words: 1, coverage: 1, sentences };
  return JSON.stringify({ model: { sha256: "x" }, results: [result] });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

async function failure(fetch: Fetch): Promise<unknown> {
  try {
    await score(fetch, ADDRESS, ["text"]);
  } catch (error) {
    return error instanceof Failure ? error.as : error;
  }
  return "none";
}

describe("what the client makes of an answer", () => {
  test.each([
    [401, '{"error":{"code":"token_required","message":"m"}}', "unauthorized"],
    [403, '{"error":{"code":"origin_not_allowed","message":"m"}}', "refused"],
    [404, '{"error":{"code":"not_found","message":"m"}}', "foreign"],
    [404, "<html>", "foreign"],
    [429, "{}", "busy"],
    [503, '{"error":{"code":"stopping","message":"m"}}', "busy"],
    [503, '{"error":{"code":"starting","message":"m"}}', "failing"],
    [503, "<html>", "failing"],
    [500, "{}", "failing"],
    [502, "<html>", "failing"],
    [200, "<html>", "foreign"],
    [200, "", "foreign"],
    [200, "[]", "foreign"],
    [200, '{"model":{"sha256":"x"},"results":[]}', "foreign"],
    [200, endingAt(4), "none"],
    [200, endingAt(5), "foreign"],
  ])("%i %s is %s", async (status, body, expected) => {
    expect(await failure(answering(status, body))).toBe(expected);
  });

  test("a refused connection is unreachable, and so is silence at a greeting; late scores are busy", async () => {
    mayReach(true);
    expect(await failure(() => Promise.reject(new TypeError("Failed to fetch")))).toBe(
      "unreachable",
    );
    const timeout = new DOMException("signal timed out", "TimeoutError");
    expect(await failure(() => Promise.reject(timeout))).toBe("busy");
    await expect(handshake(() => Promise.reject(timeout), ADDRESS)).rejects.toMatchObject({
      as: "unreachable",
      detail: ADDRESS.server,
    });
  });

  test("a server that the browser's settings keep the extension from is withheld", async () => {
    const contains = mayReach(false);
    const refused: Fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    await expect(handshake(refused, ADDRESS)).rejects.toMatchObject({
      as: "withheld",
      detail: ADDRESS.server,
    });
    expect(contains).toHaveBeenCalledWith({ origins: ["http://127.0.0.1/*"] });
  });

  test("a token that no header takes is the wrong one, and no word of a server that is away", async () => {
    mayReach(true);
    const away: Fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    for (const token of ["se\u200bcret", "“secret”"]) {
      await expect(handshake(away, { ...ADDRESS, token })).rejects.toMatchObject({
        as: "unauthorized",
      });
    }
  });

  test("another client error concerns the request alone", async () => {
    const error = await failure(answering(413, '{"error":{"code":"c","message":"too long"}}'));
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).message).toBe("too long");
  });

  test("a server of another API is told apart by its age", async () => {
    for (const [api, expected] of [
      [0, "outdated"],
      [2, "newer"],
    ] as const) {
      const ready = answering(200, JSON.stringify({ status: "ready", version: "7", api }));
      await expect(handshake(ready, ADDRESS)).rejects.toMatchObject({ as: expected, detail: "7" });
    }
  });

  test("a server that a proxy has under a path is asked there; where it is not, the address is named", async () => {
    const asked: string[] = [];
    const missing: Fetch = (address) => {
      asked.push(address);
      return Promise.resolve(new Response("{}", { status: 404 }));
    };
    const address = { server: "https://example.com/byline", token: "" };
    await expect(handshake(missing, address)).rejects.toMatchObject({
      as: "foreign",
      detail: "https://example.com/byline/readyz: 404",
    });
    expect(asked).toEqual(["https://example.com/byline/readyz"]);
  });

  test("neither cookies nor redirects go along, and the body is as the contract says", async () => {
    let seen: RequestInit = {};
    await failure((_, init) => {
      seen = init;
      return Promise.resolve(new Response("{}", { status: 500 }));
    });
    expect(seen).toMatchObject({ method: "POST", credentials: "omit", redirect: "error" });
    expect(JSON.parse(seen.body as string)).toEqual({
      texts: [{ id: "0", text: "text" }],
      detail: "sentence",
      offset_encoding: "utf-16",
    });
  });

  test("Retry-After may be seconds or a date", () => {
    expect(retryAfter(null, 0)).toBeNull();
    expect(retryAfter("7", 0)).toBe(7_000);
    expect(retryAfter("Thu, 01 Jan 1970 00:00:09 GMT", 4_000)).toBe(5_000);
    expect(retryAfter("soon", 0)).toBeNull();
  });
});
