import { afterEach, expect, test, vi } from "vitest";
import { Link } from "../../src/content/link";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page whose extension is gone is told so when the line breaks, or when it asks", () => {
  vi.useFakeTimers();
  const runtime: { id?: string; connect: unknown } = {
    id: "byline",
    connect: () => ({
      onMessage: { addListener: () => undefined },
      onDisconnect: { addListener: (then: () => void) => (disconnect = then) },
      postMessage: () => undefined,
    }),
  };
  let disconnect: () => void = () => undefined;
  vi.stubGlobal("chrome", { runtime });
  const orphaned = vi.fn();
  const link = new Link({
    hear: () => undefined,
    isActive: () => true,
    isWaiting: () => false,
    again: () => undefined,
    orphaned,
  });
  link.open();
  // The worker was stopped, as it is when nothing happens.
  disconnect();
  vi.runAllTimers();
  expect(link.isAlive()).toBe(true);
  expect(orphaned).not.toHaveBeenCalled();
  link.open();
  delete runtime.id;
  disconnect();
  vi.runAllTimers();
  expect(orphaned).toHaveBeenCalledTimes(1);
  expect(link.isAlive()).toBe(false);
  expect(orphaned).toHaveBeenCalledTimes(2);
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
