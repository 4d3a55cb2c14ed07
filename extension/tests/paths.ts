import { fileURLToPath } from "node:url";

/** Folders the tests read and write; each ends with a slash. */
export const EXTENSION = fileURLToPath(new URL("../", import.meta.url));
export const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
export const PICTURES = `${CHECKOUT}docs/extension/`;
