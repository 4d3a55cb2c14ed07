/** What all tests share: the built extension, the real server, a web site, a Chromium. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import puppeteer from "puppeteer-core";
import type { TestProject } from "vitest/node";
import { serveSite } from "./site";
import { EXTENSION } from "../paths";
import { startByline } from "./servers";

export const INSTALL =
  "The browser tests need Chromium and Firefox ESR. On Debian: apt-get install chromium " +
  "firefox-esr fonts-dejavu-core; elsewhere name them: CHROMIUM=/path FIREFOX=/path. " +
  "E2E=optional skips these tests.";

declare module "vitest" {
  interface ProvidedContext {
    /** Empty where the tests are skipped. */
    chromium: string;
    firefox: string;
    byline: string;
    site: string;
  }
}

/** The one that is named, or else where it usually is. */
function find(variable: string, ...places: string[]): string {
  const named = process.env[variable];
  return (named === undefined ? places : [named]).find((place) => existsSync(place)) ?? "";
}

async function run(command: string, ...args: string[]): Promise<void> {
  const child = spawn(command, args, { cwd: EXTENSION, stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit status ${String(code)}`);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chromium = find("CHROMIUM", "/usr/bin/chromium", "/usr/bin/chromium-browser");
  const firefox = find("FIREFOX", "/usr/bin/firefox-esr", "/usr/bin/firefox");
  if (chromium === "" || firefox === "") {
    if (process.env.E2E !== "optional") throw new Error(INSTALL);
    for (const key of ["chromium", "firefox", "byline", "site"] as const) project.provide(key, "");
    return () => Promise.resolve();
  }
  await run("node", "build.mjs");
  const byline = await startByline();
  const site = await serveSite();
  const profile = await mkdtemp(path.join(tmpdir(), "byline-chromium-"));
  const extension = `${EXTENSION}dist/chrome`;
  const browser = await puppeteer.launch({
    executablePath: chromium,
    headless: true,
    userDataDir: profile,
    enableExtensions: true,
    args: [
      `--disable-extensions-except=${extension}`,
      `--load-extension=${extension}`,
      "--no-sandbox",
      "--no-first-run",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-proxy-server",
      "--lang=en-US",
      // Off the network: whatever the browser would ask for beside the tests is not found.
      "--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
  project.provide("chromium", browser.wsEndpoint());
  project.provide("firefox", firefox);
  project.provide("byline", byline.origin);
  project.provide("site", site.origin);
  return async () => {
    await browser.close();
    await site.close();
    await byline.stop();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}
