/**
 * Writes dist/chrome and dist/firefox, ready to load, and a zip of each, ready to submit.
 *
 *     node build.mjs
 */

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { strToU8, zipSync } from "fflate";
import { manifest } from "./manifest.mjs";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const SCRIPTS = {
  background: "src/background/main.ts",
  content: "src/content/main.ts",
  popup: "src/popup/popup.ts",
  options: "src/options/options.ts",
};
const FILES = [
  "src/shared/common.css",
  "src/popup/popup.html",
  "src/popup/popup.css",
  "src/options/options.html",
  "src/options/options.css",
];

/** Every file below a folder, by its path in it, in one order on every machine. */
async function files(folder, below = "") {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const name = path.posix.join(below, entry.name);
      return entry.isDirectory() ? files(folder, name) : [name];
    }),
  );
  return found.flat().sort();
}

async function write(target, version) {
  const out = path.join(ROOT, "dist", target);
  await mkdir(out, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: SCRIPTS,
    outdir: out,
    bundle: true,
    // Classic scripts: what is injected into a page can't be a module.
    format: "iife",
    target: ["chrome140", "firefox140"],
    minify: true,
    charset: "utf8",
    define: { HIGHLIGHTS_INHERIT: String(target === "chrome") },
    legalComments: "none",
    logLevel: "warning",
  });
  for (const file of FILES) await cp(path.join(ROOT, file), path.join(out, path.basename(file)));
  await cp(path.join(ROOT, "_locales"), path.join(out, "_locales"), { recursive: true });
  await cp(path.join(ROOT, "icons"), path.join(out, "icons"), { recursive: true });
  const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
  const { key, ...submitted } = manifest(target, version);
  const loaded = key === undefined ? submitted : { ...submitted, key };
  await writeFile(path.join(out, "manifest.json"), json(loaded));

  const entries = {};
  for (const name of await files(out)) {
    // A fixed date: the same source gives the same zip, which a store's reviewer can check.
    const content =
      // A store gives the extension a key of its own and refuses another.
      name === "manifest.json" ? strToU8(json(submitted)) : await readFile(path.join(out, name));
    entries[name] = [content, { mtime: "2020-01-01T00:00:00Z" }];
  }
  const zip = zipSync(entries, { level: 9 });
  await writeFile(path.join(ROOT, "dist", `byline-${target}.zip`), zip);
  console.log(`dist/${target} and dist/byline-${target}.zip, ${(zip.length / 1000).toFixed(1)} kB`);
}

const { version } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
await rm(path.join(ROOT, "dist"), { recursive: true, force: true });
for (const target of ["chrome", "firefox"]) await write(target, version);
