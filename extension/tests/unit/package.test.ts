// @vitest-environment node
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { spawnSync } from "node:child_process";
import { unzipSync } from "fflate";
import { EXTENSION } from "../paths";

const MOST_BYTES = 150_000;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly permissions: readonly string[];
  readonly host_permissions: readonly string[];
  readonly optional_host_permissions: readonly string[];
  readonly content_security_policy: { readonly extension_pages: string };
  readonly icons: Readonly<Record<string, string>>;
  readonly browser_specific_settings?: { readonly gecko: Readonly<Record<string, unknown>> };
}

function zip(target: string): Record<string, Uint8Array> {
  return unzipSync(readFileSync(`${EXTENSION}dist/byline-${target}.zip`));
}

function manifest(target: string): Manifest {
  const json = new TextDecoder().decode(zip(target)["manifest.json"]);
  return JSON.parse(json) as Manifest;
}

describe("the zips", () => {
  beforeAll(() => {
    const built = spawnSync("node", ["build.mjs"], { cwd: EXTENSION, encoding: "utf8" });
    expect(built.stderr).toBe("");
  });

  test.each(["chrome", "firefox"])("%s: small, whole, and asking for little", (target) => {
    expect(readFileSync(`${EXTENSION}dist/byline-${target}.zip`).length).toBeLessThan(MOST_BYTES);
    const found = manifest(target);
    expect(found).not.toHaveProperty("key");
    expect(found.permissions).toEqual(["activeTab", "storage", "scripting", "contextMenus"]);
    expect(found.host_permissions).toEqual(["http://127.0.0.1/*"]);
    expect(found.optional_host_permissions).toEqual(["http://*/*", "https://*/*"]);
    expect(found.content_security_policy.extension_pages).toContain("default-src 'none'");
    const files = Object.keys(zip(target));
    const named = JSON.stringify(found).match(/"[\w/]+\.(html|js|png)"/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    for (const name of named) expect(files).toContain(name.slice(1, -1));
    for (const [size, name] of Object.entries(found.icons)) {
      // Width and height stand at bytes 16 and 20 of a PNG.
      const png = Buffer.from(zip(target)[name] ?? []);
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([Number(size), Number(size)]);
    }
  });

  test("bear the version of the whole", () => {
    const project = readFileSync(`${EXTENSION}../pyproject.toml`, "utf8");
    expect(manifest("chrome").version).toBe(/^version = "(.*)"$/m.exec(project)?.[1]);
  });

  test("are the same bytes from the same source", () => {
    const before = readFileSync(`${EXTENSION}dist/byline-chrome.zip`);
    spawnSync("node", ["build.mjs"], { cwd: EXTENSION });
    expect(readFileSync(`${EXTENSION}dist/byline-chrome.zip`).equals(before)).toBe(true);
  });

  test("hold no address but the reader's own machine", () => {
    for (const target of ["chrome", "firefox"]) {
      for (const [name, bytes] of Object.entries(zip(target))) {
        if (!/\.(js|html|css)$/.test(name)) continue;
        const text = new TextDecoder().decode(bytes);
        const addresses = text.match(/https?:\/\/[\w.]+/g) ?? [];
        expect(
          addresses.filter((address) => address !== "http://127.0.0.1"),
          name,
        ).toEqual([]);
      }
    }
  });
});
