import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watch } from "../../src/content/watch";

beforeEach(() => {
  // jsdom has none.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      disconnect = vi.fn();
    },
  );
});
afterEach(() => {
  document.body.replaceChildren();
  vi.clearAllMocks();
  vi.unstubAllGlobals();
});

const reactions = { changed: vi.fn(), moved: vi.fn(), framed: vi.fn(), renewed: vi.fn() };

test("a frame may have gone on to another document before it is watched, in a shadow tree too", () => {
  const { framed } = reactions;
  const watch = new Watch(reactions, () => false);
  watch.root(document);
  expect(framed).not.toHaveBeenCalled();
  const root = document.body.appendChild(document.createElement("div")).attachShadow({
    mode: "open",
  });
  root.append(document.createElement("iframe"));
  watch.root(root);
  expect(framed).toHaveBeenCalledOnce();
  watch.dispose();
});

test("a page that is written anew is watched as before", async () => {
  const watch = new Watch(reactions, () => false);
  watch.root(document);
  const html = document.createElement("html");
  html.append(document.createElement("body"));
  document.documentElement.replaceWith(html);
  await vi.waitFor(() => {
    expect(reactions.renewed).toHaveBeenCalledOnce();
  });
  reactions.changed.mockClear();
  html.className = "translated-ltr";
  await vi.waitFor(() => {
    expect(reactions.changed).toHaveBeenCalledWith([document.body]);
  });
  watch.dispose();
});
