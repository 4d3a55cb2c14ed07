// @vitest-environment node
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { EXTENSION } from "../paths";

/** One browser test, on a machine without a browser. */
function run(env: Readonly<Record<string, string>>) {
  return spawnSync("node_modules/.bin/vitest", ["run", "--project", "browser", "access"], {
    cwd: EXTENSION,
    encoding: "utf8",
    env: { ...process.env, CHROMIUM: "/nowhere/chromium", FIREFOX: "/nowhere/firefox", ...env },
  });
}

describe("without browsers", () => {
  test("the browser tests fail, and say what to install", () => {
    const { status, stdout, stderr } = run({ E2E: "" });
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain("apt-get install chromium firefox-esr fonts-dejavu-core");
  }, 60_000);

  test("E2E=optional skips them", () => {
    const { status, stdout } = run({ E2E: "optional" });
    expect(stdout).toMatch(/8 (tests )?.*skipped/);
    expect(status).toBe(0);
  }, 60_000);
});
