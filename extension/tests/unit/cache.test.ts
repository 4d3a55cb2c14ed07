import { expect, test } from "vitest";
import { Cache, type Area } from "../../src/background/cache";
import { memory, SCORE } from "./memory";

test("keeps the latest used, within its bound, also in storage", async () => {
  const area = memory();
  const cache = await Cache.load(area, 3);
  for (const [n, hash] of ["a", "b", "c"].entries())
    await cache.put("m", new Map([[hash, SCORE]]), n);
  cache.get("a");
  await cache.put("m", new Map([["d", SCORE]]), 9);
  expect(cache.size).toBe(3);
  expect(cache.get("b")).toBeUndefined();
  expect([...area.stored.keys()].sort()).toEqual(["score-model", "score:a", "score:c", "score:d"]);
  expect((await Cache.load(area, 3)).get("d")).toEqual(SCORE);
});

test("knows by itself what a full storage does not take, and makes room there", async () => {
  const { stored, ...area } = memory();
  const full: Area = {
    ...area,
    set: (items) =>
      stored.size < 5 ? area.set(items) : Promise.reject(new Error("quota bytes exceeded")),
  };
  const cache = await Cache.load(full, 9);
  for (const [n, hash] of ["a", "b", "c", "d", "e", "f"].entries())
    await cache.put("m", new Map([[hash, SCORE]]), n);
  for (const hash of ["a", "b", "c", "d", "e", "f"]) expect(cache.get(hash)).toEqual(SCORE);
  expect([...stored.keys()].sort()).toEqual(["score-model", "score:d", "score:f"]);
});
