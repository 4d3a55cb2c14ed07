/**
 * Draws icons/*.png from art/icon.svg with the installed Chromium.
 *
 *     node art/render.mjs
 */

import { readFile, writeFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage();
const svg = await readFile(new URL("icon.svg", import.meta.url), "base64");
for (const size of [16, 32, 48, 128]) {
  await page.setViewport({ width: size, height: size });
  await page.setContent(
    `<body style="margin:0"><img style="display:block" width="${size}" src="data:image/svg+xml;base64,${svg}">`,
    { waitUntil: "load" },
  );
  const png = await page.screenshot({ omitBackground: true });
  await writeFile(new URL(`../icons/${size}.png`, import.meta.url), png);
}
await browser.close();
