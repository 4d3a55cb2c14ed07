import js from "@eslint/js";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A page's text never reaches a log; what failed is shown in the badge and the popup.
      "no-console": "error",
      // Markup from strings is how a page's text would get into the extension's pages.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Build elements; text stays text." },
        { property: "outerHTML", message: "Build elements; text stays text." },
        { property: "insertAdjacentHTML", message: "Build elements; text stays text." },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  {
    files: ["**/*.mjs", "*.js"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
  {
    // The tests compare a page's markup before and after, which is reading.
    files: ["tests/**"],
    rules: {
      "no-restricted-properties": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
