import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // One browser, one server: a test at a time has them to itself.
    fileParallelism: false,
    projects: [
      {
        test: { name: "unit", include: ["tests/unit/*.test.ts"], environment: "jsdom" },
        define: { HIGHLIGHTS_INHERIT: "true" },
      },
      {
        test: {
          name: "browser",
          include: ["tests/e2e/*.test.ts"],
          globalSetup: "tests/e2e/setup.ts",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
