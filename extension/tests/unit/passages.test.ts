import { expect, test } from "vitest";
import { extract } from "../../src/content/extract";
import { join } from "../../src/content/join";
import { Passages, scopeOf } from "../../src/content/passages";

test("a passage's id is never another's, not even of a page read anew", () => {
  const read = () => {
    const passages = new Passages();
    passages.replace([], [{ text: "One text.", words: 2, parts: [] }], 1);
    return [...passages.all].map(({ id }) => id);
  };
  expect(read()).not.toEqual(read());
});

test("a passage that something unread now breaks is at another place", () => {
  document.body.innerHTML = "<p><b>One</b><i>two</i></p>";
  const eyes = { shadowRoot: () => null, isRendered: () => true, isOwn: () => false };
  const sights = { shadowRoot: () => undefined, hidden: () => undefined };
  const read = () =>
    join(
      [...extract(document.body, eyes, sights)].filter((block) => block !== undefined),
      1,
    );
  const passages = new Passages();
  passages.replace([], read(), 1);
  expect(passages.replace([document.body], read(), 1).moved).toEqual([]);
  document.querySelector("b")!.after(document.createElement("button"));
  expect(passages.replace([document.body], read(), 1).moved).toHaveLength(1);
});

test("what has to be read again holds all of the passages that it touches", () => {
  document.body.innerHTML = "<p>First.</p><div>Loose <p id=in>inner.</p></div>";
  const eyes = { shadowRoot: () => null, isRendered: () => true, isOwn: () => false };
  const sights = { shadowRoot: () => undefined, hidden: () => undefined };
  const read = (scope: Element) =>
    join(
      [...extract(scope, eyes, sights)].filter((block) => block !== undefined),
      3,
    );
  const passages = new Passages();
  passages.replace([], read(document.body), 3);
  const text = () => [...passages.all].map((passage) => passage.text);
  expect(text()).toEqual(["First.\n\nLoose\n\ninner."]);
  const inner = document.querySelector("#in")!;
  inner.textContent = "changed.";
  const scope = scopeOf(inner, passages)!;
  passages.replace([scope], read(scope), 3);
  expect(text()).toEqual(["First.\n\nLoose\n\nchanged."]);
});
