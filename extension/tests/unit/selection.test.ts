import { expect, test } from "vitest";
import { Selection } from "../../src/content/selection";

test("takes the page's own selection, and in a field the text that the menu names", () => {
  document.body.innerHTML = "<p>Of the page.</p><textarea>Of the field.</textarea>";
  const selection = new Selection();
  document.getSelection()?.selectAllChildren(document.querySelector("p")!);
  const first = selection.take("as the menu has it");
  expect(first.text).toBe("Of the page.");
  document.querySelector("textarea")!.focus();
  const second = selection.take("Of the field.");
  expect(second.text).toBe("Of the field.");
  expect(selection.isAnswered(first.id)).toBe(false);
  expect(selection.isAnswered(second.id)).toBe(true);
});
