/** The pictures of docs/extension.md, made by the tests that assert what they show. */

import { mkdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Page } from "puppeteer-core";
import { expect } from "vitest";
import { PICTURES } from "../paths";

const MOST_BYTES = 150_000;

export async function picture(page: Page, name: string, whole = false): Promise<void> {
  // `make test` leaves the committed pictures alone; `make pictures` renews them.
  const folder =
    process.env.PICTURES === "renew" ? PICTURES : `${PICTURES}../../extension/dist/pictures/`;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${name}.png` as const;
  await page.screenshot({ path: file, fullPage: whole });
  expect((await stat(file)).size).toBeLessThan(MOST_BYTES);
}
