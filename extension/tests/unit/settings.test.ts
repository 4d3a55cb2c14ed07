import { afterEach, describe, expect, test, vi } from "vitest";
import {
  DEFAULTS,
  isExposed,
  originPattern,
  runsByItself,
  serverOrigin,
  siteOf,
  sitesBelow,
  withSite,
} from "../../src/shared/settings";
import { keepPermitted, permittedOf, unused, wanted } from "../../src/background/sites";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("addresses", () => {
  test.each([
    ["127.0.0.1:8765", "http://127.0.0.1:8765"],
    [" https://byline.example/some/path ", "https://byline.example"],
    ["http://[::1]:9", "http://[::1]:9"],
    ["", null],
    ["ftp://example.com", null],
    ["http://user:secret@example.com", null],
    ["not an address", null],
    ["http://", null],
    ["exam*ple.com", null],
    ["javascript:alert(1)", null],
  ])("%s means %s", (typed, origin) => {
    expect(serverOrigin(typed)).toBe(origin);
  });

  test("only http over a network is exposed", () => {
    expect(isExposed("http://192.168.1.7:8765")).toBe(true);
    for (const safe of [
      "https://example.com",
      "http://127.0.0.1:1",
      "http://localhost",
      "http://[::1]",
    ]) {
      expect(isExposed(safe)).toBe(false);
    }
  });

  test("a permission has no port, a site neither port nor path", () => {
    expect(originPattern("http://127.0.0.1:8765")).toBe("http://127.0.0.1/*");
    expect(siteOf("https://example.com:8443/a?b")).toBe("example.com");
    expect(siteOf("chrome://extensions")).toBeNull();
    expect(siteOf(undefined)).toBeNull();
  });
});

describe("sites", () => {
  test("are in one list at most", () => {
    const on = { ...DEFAULTS, ...withSite(DEFAULTS, "a", true) };
    expect([on.sitesOn, on.sitesOff]).toEqual([["a"], []]);
    const off = { ...on, ...withSite(on, "a", false) };
    expect([off.sitesOn, off.sitesOff]).toEqual([[], ["a"]]);
  });

  test("that are off stay off where all are on", () => {
    const settings = { ...DEFAULTS, automatic: true, sitesOff: ["a"] };
    expect(runsByItself(settings, "a")).toBe(false);
    expect(runsByItself(settings, "b")).toBe(true);
    expect(runsByItself(settings, null)).toBe(false);
    expect(runsByItself({ ...DEFAULTS, sitesOn: ["a"] }, "a")).toBe(true);
  });

  test("that are off take those below them along, and nothing else", () => {
    const settings = { ...DEFAULTS, automatic: true, sitesOff: ["bank.test", "10.0.0.1"] };
    for (const host of ["bank.test", "www.bank.test", "a.b.bank.test", "10.0.0.1"]) {
      expect(runsByItself(settings, host), host).toBe(false);
    }
    for (const host of ["mybank.test", "bank.test.example", "10.0.0.11"]) {
      expect(runsByItself(settings, host), host).toBe(true);
    }
    expect(["bank.test", "10.0.0.1", "[::1]"].map(sitesBelow)).toEqual([
      "*://*.bank.test/*",
      "*://10.0.0.1/*",
      "*://[::1]/*",
    ]);
  });

  test("are switched on or off for good, whatever was said about those above or below them", () => {
    const off = { ...DEFAULTS, ...withSite({ ...DEFAULTS, sitesOn: ["www.a"] }, "a", false) };
    expect([off.sitesOn, off.sitesOff]).toEqual([[], ["a"]]);
    const on = { ...off, ...withSite(off, "www.a", true) };
    expect(runsByItself(on, "www.a")).toBe(true);
  });

  test("give back their permissions when taken from the list, but none that the server needs", () => {
    const required = ["http://127.0.0.1/*"];
    const on = { ...DEFAULTS, sitesOn: ["a", "b"] };
    expect(unused(on, { ...on, sitesOn: ["b"] }, required)).toEqual(["http://a/*", "https://a/*"]);
    const all = { ...on, automatic: true };
    expect(unused(all, { ...DEFAULTS, sitesOn: [] }, required)).toContain("https://*/*");
    expect(unused(all, DEFAULTS, required)).not.toContain("http://*/*");
    expect(unused(all, on, required)).toEqual([]);
  });

  test("are given up with the last of their permissions, and with one of them the wish for all", async () => {
    const settings = { ...DEFAULTS, automatic: true, sitesOn: ["a", "b"] };
    const but = (...gone: string[]) =>
      permittedOf(settings, (one) => Promise.resolve(!gone.includes(one)));
    expect(await but()).toEqual({ automatic: true, sitesOn: ["a", "b"] });
    expect(await but("https://*/*", "http://a/*")).toEqual({
      automatic: false,
      sitesOn: ["a", "b"],
    });
    expect(await but("https://a/*", "http://a/*")).toEqual({ automatic: true, sitesOn: ["b"] });
  });

  test("stay in the settings only with their permission, and nothing is written where all have it", async () => {
    const held = new Set(["https://a/*", "https://b/*"]);
    const stored: Record<string, unknown> = { sitesOn: ["a", "b"], sitesOff: ["c"] };
    const set = vi.fn((change) => Promise.resolve(void Object.assign(stored, change)));
    const contains = ({ origins }: { origins: string[] }) =>
      Promise.resolve(origins.every((one) => held.has(one)));
    const local = { get: () => Promise.resolve(stored), set };
    vi.stubGlobal("chrome", { storage: { local }, permissions: { contains } });
    await keepPermitted();
    expect(set).not.toHaveBeenCalled();
    held.delete("https://a/*");
    await keepPermitted();
    expect(stored).toEqual({ automatic: false, sitesOn: ["b"], sitesOff: ["c"] });
  });

  test("are registered as far as permissions go", async () => {
    const may = (pattern: string) => Promise.resolve(pattern.startsWith("https:"));
    expect(await wanted({ ...DEFAULTS, sitesOn: ["a"] }, may)).toEqual(["https://a/*"]);
    expect(await wanted({ ...DEFAULTS, automatic: true }, may)).toEqual(["https://*/*"]);
    expect(await wanted(DEFAULTS, may)).toEqual([]);
  });
});
