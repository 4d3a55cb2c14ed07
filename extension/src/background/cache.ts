/** Scores by the hash of their text, in the browser's memory only, for as long as it runs. */

import type { Score } from "../shared/score";

/** What of chrome.storage the cache needs. */
export interface Area {
  get(keys: null): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
  remove(keys: string[]): Promise<void>;
}

/** Each takes 1 to 6 KB of storage.session, one of a long selection more: its 10 MB may be full before. */
const LIMIT = 2_000;
const PREFIX = "score:";
const MODEL = "score-model";

interface Entry {
  readonly at: number;
  readonly score: Score;
}

/** SHA-256, hexadecimal. The cache holds no text, and a hash in it tells none. */
export async function hashOf(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Cache {
  /** In the order of use, the least recently used first: a Map keeps that of insertion. */
  private readonly entries = new Map<string, Score>();
  private model = "";

  private constructor(
    private readonly area: Area,
    private readonly limit: number,
  ) {}

  /** What an earlier worker left in `area`. */
  static async load(area: Area, limit = LIMIT): Promise<Cache> {
    const cache = new Cache(area, limit);
    const stored = await area.get(null);
    cache.model = typeof stored[MODEL] === "string" ? stored[MODEL] : "";
    const found = Object.entries(stored)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), value as Entry] as const)
      .sort(([, a], [, b]) => a.at - b.at);
    for (const [hash, entry] of found) cache.entries.set(hash, entry.score);
    return cache;
  }

  get size(): number {
    return this.entries.size;
  }

  get(hash: string): Score | undefined {
    const score = this.entries.get(hash);
    if (score) {
      this.entries.delete(hash);
      this.entries.set(hash, score);
    }
    return score;
  }

  /** Scores of another model than `model` are forgotten first. */
  async put(model: string, scores: ReadonlyMap<string, Score>, now: number): Promise<void> {
    await this.keepOnly(model);
    const written: Record<string, unknown> = {};
    for (const [hash, score] of scores) {
      this.entries.delete(hash);
      this.entries.set(hash, score);
      written[PREFIX + hash] = { at: now, score } satisfies Entry;
    }
    const surplus = [...this.entries.keys()].slice(0, Math.max(0, this.entries.size - this.limit));
    for (const hash of surplus) this.entries.delete(hash);
    await this.area.remove(surplus.map((hash) => PREFIX + hash));
    try {
      await this.area.set(written);
    } catch {
      // It is full: the older half is remembered here alone, for as long as this worker runs.
      const older = [...this.entries.keys()].slice(0, Math.ceil(this.entries.size / 2));
      await this.area.remove(older.map((hash) => PREFIX + hash));
    }
  }

  /** Whether there was another model before. */
  async keepOnly(model: string): Promise<boolean> {
    if (model === this.model) return false;
    const isOther = this.model !== "";
    const gone = [...this.entries.keys()].map((hash) => PREFIX + hash);
    this.model = model;
    this.entries.clear();
    await this.area.remove(gone);
    await this.area.set({ [MODEL]: model });
    return isOther;
  }
}
