import { afterEach, expect, test, vi } from "vitest";
import { Link } from "../../src/content/link";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a page that goes into the browser's cache says nothing until it is back", () => {
  const said: unknown[] = [];
  const connect = vi.fn(() => ({
    onMessage: { addListener: () => undefined },
    onDisconnect: { addListener: () => undefined },
    postMessage: (message: unknown) => said.push(message),
    disconnect: () => undefined,
  }));
  vi.stubGlobal("chrome", { runtime: { id: "byline", connect } });
  const again = vi.fn();
  const link = new Link({
    hear: () => undefined,
    isActive: () => true,
    isWaiting: () => false,
    again,
    orphaned: () => undefined,
  });
  link.open();
  link.leave();
  link.say({ kind: "cancel", ids: [1] });
  expect(connect).toHaveBeenCalledTimes(1);
  link.comeBack();
  link.open();
  expect(connect).toHaveBeenCalledTimes(2);
  expect(said).toEqual([
    { kind: "here", active: true },
    { kind: "here", active: true },
  ]);
  expect(again).toHaveBeenCalledTimes(1);
});
