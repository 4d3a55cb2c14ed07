import { beforeEach, expect, test } from "vitest";
import { StrongestList } from "../../src/popup/strongest";
import { words } from "../../src/shared/i18n";
import type { Strong } from "../../src/shared/messages";

const ENGLISH = words("en", "en");

let list: HTMLElement;
let revealed: unknown[];
let strongest: StrongestList;

beforeEach(() => {
  list = document.createElement("ol");
  document.body.replaceChildren(list);
  revealed = [];
  strongest = new StrongestList(list, (passage) => revealed.push(passage));
});

function show(...ids: number[]): HTMLElement[] {
  const passages = ids.map((id): Strong => {
    const probability = 1 - id / 100;
    return { id, frame: 0, excerpt: `Text ${id}.`, verdict: "ai", probability };
  });
  strongest.show(passages, ENGLISH);
  return [...list.querySelectorAll("button")];
}

test("a passage keeps its button, in its place, whatever comes and goes around it", () => {
  const moves = new MutationObserver(() => undefined);
  const [, second] = show(2, 4, 6);
  second!.focus();
  moves.observe(list, { childList: true });
  const now = show(1, 3, 4, 5);
  expect(now.map((button) => button.textContent)).toEqual([
    "Likely AI-written (AI probability 99%)Text 1.",
    "Likely AI-written (AI probability 97%)Text 3.",
    "Likely AI-written (AI probability 96%)Text 4.",
    "Likely AI-written (AI probability 95%)Text 5.",
  ]);
  expect(now[2]).toBe(second);
  const touched = moves.takeRecords().flatMap((one) => [...one.addedNodes, ...one.removedNodes]);
  expect(touched).not.toContain(second!.parentElement);
  second!.click();
  expect(revealed).toEqual([{ id: 4, frame: 0 }]);
});

test("the same list is not touched, another order keeps the focus", () => {
  const [first] = show(1, 2);
  first!.focus();
  const moves = new MutationObserver(() => undefined);
  moves.observe(list, { childList: true, subtree: true });
  show(1, 2);
  expect(moves.takeRecords()).toEqual([]);
  expect(show(2, 1)[1]).toBe(first);
  expect(document.activeElement).toBe(first);
  show();
  expect(list.hidden).toBe(true);
});

test("it is written anew in another language", () => {
  show(1);
  const german = words("de", "de");
  const passage: Strong = { id: 1, frame: 0, excerpt: "Text.", verdict: "ai", probability: 0.9 };
  strongest.show([passage], german);
  expect(list.querySelector("b")?.textContent).toMatch(/^Vermutlich KI/);
});
