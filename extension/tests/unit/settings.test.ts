import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  DEFAULTS,
  isExposed,
  originPattern,
  runsByItself,
  serverAddress,
  siteNamed,
  siteOf,
  sitesBelow,
  withSite,
} from "../../src/shared/settings";
import { wanted } from "../../src/background/sites";
import { permittedOf, unused } from "../../src/shared/permissions";
import { grantWish, makeWish } from "../../src/shared/wish";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("addresses", () => {
  test.each([
    ["127.0.0.1:8765", "http://127.0.0.1:8765"],
    [" https://byline.example/some/path// ", "https://byline.example/some/path"],
    ["byline.example:8443/#text", "http://byline.example:8443"],
    ["http://[::1]:9", "http://[::1]:9"],
    ["", null],
    ["ftp://example.com", null],
    ["http://user:secret@example.com", null],
    ["not an address", null],
    ["http://", null],
    ["exam*ple.com", null],
    ["javascript:alert(1)", null],
  ])("%s means %s", (typed, address) => {
    expect(serverAddress(typed)).toBe(address);
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

  test("a permission and a site have neither port nor path", () => {
    expect(originPattern("http://127.0.0.1:8765/path")).toBe("http://127.0.0.1/*");
    expect(siteOf("https://example.com:8443/a?b")).toBe("example.com");
    expect(siteOf("chrome://extensions")).toBeNull();
    expect(siteOf(undefined)).toBeNull();
  });
});

describe("sites", () => {
  test.each([
    ["example.com", "example.com"],
    ["https://Example.com/watch/?v=1#t", "example.com"],
    ["example.com?", "example.com"],
    ["*.example.com", null],
    ["?", null],
  ])("%s names %s", (typed, site) => {
    expect(siteNamed(typed)).toBe(site);
  });

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

  test("give back their permissions when taken from the list, but none that is needed still", () => {
    const required = ["http://127.0.0.1/*"];
    const sites = ["http://a/*", "https://a/*", "http://b/*", "https://b/*"];
    const on = { ...DEFAULTS, sitesOn: ["a", "b"] };
    const one = { ...DEFAULTS, sitesOn: ["b"] };
    const held = [...required, ...sites];
    expect(unused(on, one, held, required)).toEqual(["http://a/*", "https://a/*"]);
    const all = { ...on, automatic: true };
    const wide = [...held, "http://*/*", "https://*/*"];
    expect(unused(all, on, wide, required)).toEqual([]);
    // What had to stay for single sites goes with the last of them; `http` stays for the server.
    expect(unused(on, one, wide, required)).toEqual(["http://a/*", "https://a/*"]);
    expect(unused(one, DEFAULTS, wide, required)).toEqual([
      "http://b/*",
      "https://b/*",
      "https://*/*",
    ]);
    expect(unused(all, DEFAULTS, wide, required)).toEqual([...sites, "https://*/*"]);
    expect(unused(DEFAULTS, { ...DEFAULTS, style: "margin" }, wide, required)).toEqual([]);
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

  test("are registered as far as permissions go", async () => {
    const may = (pattern: string) => Promise.resolve(pattern.startsWith("https:"));
    expect(await wanted({ ...DEFAULTS, sitesOn: ["a"] }, may)).toEqual(["https://a/*"]);
    expect(await wanted({ ...DEFAULTS, automatic: true }, may)).toEqual(["https://*/*"]);
    expect(await wanted(DEFAULTS, may)).toEqual([]);
  });
});

describe("a wish for a site", () => {
  const area = (stored: Record<string, unknown>) => ({
    get: () => Promise.resolve(structuredClone(stored)),
    set: (change: object) => Promise.resolve(void Object.assign(stored, change)),
    remove: (key: string) => Promise.resolve(void Reflect.deleteProperty(stored, key)),
  });
  const local: Record<string, unknown> = {};

  beforeEach(() => {
    for (const key of Object.keys(local)) Reflect.deleteProperty(local, key);
    Object.assign(local, { sitesOn: ["b"], sitesOff: ["a"] });
    vi.stubGlobal("chrome", { storage: { local: area(local), session: area({}) } });
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is no setting before it is permitted, and then one for good", async () => {
    await makeWish("a");
    expect(local).toEqual({ sitesOn: ["b"], sitesOff: ["a"] });
    vi.setSystemTime(500_000);
    await grantWish(["http://a/*", "https://a/*"]);
    expect(local).toEqual({ sitesOn: ["b", "a"], sitesOff: [] });
    // It is fulfilled: what is permitted later is another's.
    Object.assign(local, { sitesOn: [] });
    await grantWish(["https://a/*"]);
    expect(local.sitesOn).toEqual([]);
  });

  test.each([
    ["of another site", ["https://c/*"], 1_000],
    ["of all sites", ["http://*/*", "https://*/*"], 1_000],
    ["long after", ["https://a/*"], 600_001],
  ])("is not fulfilled by a permission %s", async (_, origins, later) => {
    await makeWish("a");
    vi.setSystemTime(later);
    await grantWish(origins);
    expect(local).toEqual({ sitesOn: ["b"], sitesOff: ["a"] });
  });
});
