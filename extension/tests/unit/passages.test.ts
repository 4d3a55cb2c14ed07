import { expect, test } from "vitest";
import { Passages } from "../../src/content/passages";

test("a passage's id is never another's, not even of a page read anew", () => {
  const read = () => {
    const passages = new Passages();
    passages.replace([], [{ text: "One text.", words: 2, parts: [] }], 1);
    return [...passages.all].map(({ id }) => id);
  };
  expect(read()).not.toEqual(read());
});
