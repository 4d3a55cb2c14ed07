import { describe, expect, test } from "vitest";
import { badge } from "../../src/background/badge";
import { words } from "../../src/shared/i18n";
import { NO_WORDS, type TabStatus } from "../../src/shared/messages";
import { backoff, INITIAL, isTrouble, next, type Kind, type State } from "../../src/shared/state";
import { stateAdvice, stateTitle } from "../../src/shared/wording";

const SERVER = { version: "1", model: "m", sha256: "s", minWords: 40 };
const OK = next(INITIAL, { kind: "connected", server: SERVER }, 0, 0);
const KINDS: Kind[] = [
  "unknown",
  "ok",
  "busy",
  "unreachable",
  "unauthorized",
  "refused",
  "outdated",
  "newer",
  "foreign",
  "failing",
];

function failed(state: State, as: "busy" | "unreachable" | "unauthorized", now = 0): State {
  return next(state, { kind: "failed", as, detail: "d", retryAfter: null }, now, 0);
}

describe("the state", () => {
  test("forgets who the server was when it fails, unless it is merely busy", () => {
    expect(failed(OK, "unreachable").server).toBeNull();
    expect(failed(OK, "unauthorized").server).toBeNull();
    expect(failed(OK, "busy").server).toEqual(SERVER);
    const late = {
      kind: "failed",
      as: "busy",
      detail: "",
      retryAfter: null,
      silent: true,
    } as const;
    expect(next(OK, late, 0, 0)).toMatchObject({ kind: "busy", server: null });
    const greeted = next(next(OK, late, 0, 0), { kind: "connected", server: SERVER }, 0, 0);
    expect(greeted).toMatchObject({ kind: "busy", server: SERVER });
  });

  test("remembers how long a text must be while the server is away", () => {
    const strict = { ...SERVER, minWords: 70 };
    const known = next(INITIAL, { kind: "connected", server: strict }, 0, 0);
    expect(failed(failed(known, "unreachable"), "busy").minWords).toBe(70);
  });

  test("counts failures, and an answer ends them", () => {
    const twice = failed(failed(OK, "busy"), "busy", 10);
    expect(twice).toMatchObject({ failures: 2, retryAt: 2_010 });
    expect(next(twice, { kind: "answered" }, 20, 0)).toEqual(OK);
  });

  test("is not made to look better by slowness", () => {
    expect(next(OK, { kind: "slow" }, 0, 0).kind).toBe("busy");
    expect(next(failed(OK, "unreachable"), { kind: "slow" }, 0, 0).kind).toBe("unreachable");
  });

  test("begins anew with other settings", () => {
    expect(next(failed(OK, "unauthorized"), { kind: "settings" }, 0, 0)).toEqual(INITIAL);
  });

  test("waits at most half a minute of its own accord, two when it is told so", () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((n) => backoff(n, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
    expect(backoff(1, 1)).toBe(750);
    const told = { kind: "failed", as: "busy", detail: "", retryAfter: 9_999_999 } as const;
    expect(next(OK, told, 0, 0).retryAt).toBe(120_000);
  });

  test.each(["en", "de"] as const)("has a title and advice for each kind, in %s", (language) => {
    const own = words(language);
    const titles = KINDS.map((kind) => stateTitle({ ...OK, kind }, own));
    expect(new Set(titles).size).toBe(KINDS.length);
    for (const kind of KINDS) {
      const advice = stateAdvice({ ...OK, kind, detail: "DETAIL" }, own);
      expect(advice === "", kind).toBe(kind === "ok" || kind === "unknown");
      expect(advice).not.toMatch(/\$\d/);
    }
  });
});

test("only of an https address the certificate is mentioned", () => {
  const advice = (detail: string) =>
    stateAdvice({ ...OK, kind: "unreachable", detail }, words("en"));
  expect(advice("https://byline.test")).toMatch(/ Open the address in a tab .* certificate\.$/);
  expect(advice("http://byline.test")).not.toContain("certificate");
});

describe("the badge", () => {
  const status: TabStatus = {
    site: "example.com",
    siteOff: false,
    active: true,
    state: OK,
    report: { words: { ...NO_WORDS, ai: 300 }, ai: 3, unclear: 1, strongest: [] },
  };
  const own = words("en");

  test("shows off, nothing, a number, waiting or trouble", () => {
    expect(badge({ ...status, active: false, siteOff: true }, own).text).toBe("off");
    // Asked for all the same: what is found counts.
    expect(badge({ ...status, siteOff: true }, own).text).toBe("3");
    expect(badge({ ...status, report: { ...status.report, words: NO_WORDS } }, own).text).toBe("");
    const foreign = { ...status.report, words: { ...NO_WORDS, unjudged: 300 } };
    expect(badge({ ...status, report: foreign }, own)).toMatchObject({
      text: "",
      title:
        "Byline: Not judged: another language, the same few words over and over, or refused by the server",
    });
    expect(badge({ ...status, active: false }, own).text).toBe("");
    expect(badge(status, own)).toMatchObject({
      text: "3",
      title: "Byline: passages likely AI-written: 3",
    });
    expect(badge({ ...status, report: { ...status.report, ai: 2_000 } }, own).text).toBe("999");
    for (const kind of KINDS) {
      const { text, title } = badge({ ...status, state: { ...OK, kind } }, own);
      expect(text).toBe(isTrouble(kind) ? "!" : kind === "busy" ? "…" : "3");
      if (text !== "3") expect(title).toBe(`Byline: ${stateTitle({ ...OK, kind }, own)}`);
    }
  });
});
