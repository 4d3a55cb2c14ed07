import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Timers } from "../../src/content/timers";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what is asked for often is done once, what is cancelled not at all", () => {
  const timers = new Timers();
  const done: string[] = [];
  for (let n = 0; n < 3; n += 1) timers.soon("soon", 10, () => done.push("soon"));
  timers.soon("cancelled", 10, () => done.push("cancelled"));
  timers.cancel("cancelled");
  timers.cancel("never asked for");
  vi.advanceTimersByTime(10);
  expect(done).toEqual(["soon"]);
  timers.soon("cancelled", 10, () => done.push("asked for again"));
  vi.advanceTimersByTime(10);
  expect(done).toEqual(["soon", "asked for again"]);
});
