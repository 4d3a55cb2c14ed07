// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { words } from "../../src/shared/i18n";
import { findingText } from "../../src/shared/wording";
import { EXTENSION } from "../paths";

type Catalogue = Record<string, { message: string }>;

function catalogue(language: string): Catalogue {
  const file = `${EXTENSION}_locales/${language}/messages.json`;
  return JSON.parse(readFileSync(file, "utf8")) as Catalogue;
}

const LANGUAGES = readdirSync(`${EXTENSION}_locales`);

describe("the messages", () => {
  test("are the same in every language, with the same places for values", () => {
    const places = (all: Catalogue) =>
      Object.entries(all)
        .map(([key, { message }]) => [key, message.match(/\$\d/g)?.sort().join("") ?? ""].join(" "))
        .sort();
    const [first = "", ...others] = LANGUAGES;
    for (const other of others) expect(places(catalogue(other))).toEqual(places(catalogue(first)));
    expect(LANGUAGES).toEqual(["de", "en"]);
  });

  test("are all used, and all that are used exist", () => {
    const files = readdirSync(`${EXTENSION}src`, { recursive: true, encoding: "utf8" });
    const source = [
      ...files.filter((file) => /\.(ts|html)$/.test(file)).map((file) => `src/${file}`),
      "manifest.mjs",
    ]
      .map((file) => readFileSync(EXTENSION + file, "utf8"))
      .join("\n");
    for (const key of Object.keys(catalogue("en"))) {
      expect(source, key).toMatch(new RegExp(`["'_]${key}(["']|__)`));
    }
    const said = [...source.matchAll(/data-(?:say|label)="(\w+)"|__MSG_(\w+)__/g)];
    const known = catalogue("en");
    for (const [, inHtml, inManifest] of said)
      expect(known).toHaveProperty(inHtml ?? inManifest ?? "");
  });

  test("have a sentence for every kind of finding that a score may come with", () => {
    const types = readFileSync(`${EXTENSION}../scoring/byline/types.py`, "utf8");
    const kinds = /^FindingKind = Literal\[([^\]]+)\]/m.exec(types)?.[1]?.match(/\w+/g) ?? [];
    expect(kinds.length).toBeGreaterThan(5);
    // The first has a card of its own, the second is the command line's.
    const others = kinds.filter((kind) => kind !== "not_english" && kind !== "set_apart");
    for (const kind of others) {
      expect(findingText({ kind, message: "" }, words("de", "de")).lang, kind).toBeUndefined();
    }
  });

  test("accuse nobody", () => {
    const all = LANGUAGES.flatMap((language) => Object.values(catalogue(language)));
    for (const { message } of all)
      expect(message).not.toMatch(/fake|cheat|plagiar|fraud|betrug|gefälscht/i);
  });

  test("claim no certainty", () => {
    const english = words("en", "en");
    expect(english.percent(0.9997)).toBe("99%");
    expect(english.percent(0.0002)).toBe("1%");
    expect(words("de", "de").percent(0.5)).toMatch(/^50\s%$/);
  });

  test("follow the browser unless a language is chosen", () => {
    expect(words("auto", "de-AT").language).toBe("de");
    expect(words("auto", "fr").language).toBe("en");
    expect(words("en", "de").language).toBe("en");
  });
});
