/** Texts on their way to the server: batched, fair between pages, tried again, and cancelled. */

import type { Asked } from "../shared/messages";
import type { Refusal, Score, Server } from "../shared/score";
import { next, type Event, type State } from "../shared/state";
import { type Address, Failure, handshake, Late, Refused, score, type Fetch } from "./client";
import { type Cache, hashOf } from "./cache";

/** A first answer comes soon, later ones in fewer requests. */
const FIRST_BATCH = 4;
const BATCH = 16;
const BATCH_WORDS = 3_000;
/** A request this long in coming makes the server `busy`. */
const SLOW = 3_000;

export type Deliver = (id: number, answer: Score | Refusal) => void;

interface Wanted extends Asked {
  readonly page: string;
}

interface Job extends Wanted {
  readonly hash: string;
  readonly deliver: Deliver;
  /** Whether its score is remembered. */
  readonly keep: boolean;
  /** Whether the server once took too long over it alone. */
  late: boolean;
}

/** A text that is a batch by itself. */
function isLong({ text }: Job): boolean {
  return text.length / 6 >= BATCH_WORDS;
}

/** What of the world the queue needs; the tests bring their own clock. */
export interface World {
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly after: (milliseconds: number, then: () => void) => () => void;
}

export class Queue {
  /** Texts whose hash is being taken. */
  private readonly arriving = new Set<Wanted>();
  private jobs: Job[] = [];
  /** Those of the request on its way that have no answer yet. */
  private flying: Job[] = [];
  private busy = false;
  private wake: (() => void) | null = null;
  /** Of the exchanges with the address of now: aborted, they change nothing any more. */
  private addressed = new AbortController();
  private answered = false;

  constructor(
    private readonly world: World,
    private readonly cache: Cache,
    private address: Address,
    private current: State,
    private readonly changed: (state: State) => void,
    /** The server has another model: the scores of the one before are to be forgotten. */
    private readonly replaced: () => void,
  ) {}

  get state(): State {
    return this.current;
  }

  get length(): number {
    return this.jobs.length + this.flying.length;
  }

  /**
   * Ask for scores of a page's texts. An id asked about again takes the place of what waits.
   *
   * @param keep whether the scores are remembered
   */
  async ask(page: string, texts: readonly Asked[], deliver: Deliver, keep = true): Promise<void> {
    this.cancel(
      page,
      texts.map(({ id }) => id),
    );
    const arriving = texts.map(({ id, text }) => ({ page, id, text }));
    for (const one of arriving) this.arriving.add(one);
    const hashes = await Promise.all(texts.map(({ text }) => hashOf(text)));
    for (const [index, one] of arriving.entries()) {
      if (!this.arriving.delete(one)) continue; // Cancelled meanwhile.
      this.jobs.push({ ...one, hash: hashes[index] ?? "", deliver, keep, late: false });
    }
    // Before the handshake nobody knows whether what is remembered is the server's model's.
    if (this.current.server) this.recall();
    this.run();
  }

  cancel(page: string, ids: readonly number[]): void {
    this.drop((job) => job.page === page && ids.includes(job.id));
  }

  forget(page: string): void {
    this.drop((job) => job.page === page);
  }

  private drop(unwanted: (wanted: Wanted) => boolean): void {
    for (const one of this.arriving) if (unwanted(one)) this.arriving.delete(one);
    this.jobs = this.jobs.filter((job) => !unwanted(job));
    this.flying = this.flying.filter((job) => !unwanted(job));
  }

  /** Another server, another token: begin anew. */
  readdress(address: Address): void {
    this.address = address;
    this.addressed.abort();
    this.addressed = new AbortController();
    this.answered = false;
    this.event({ kind: "settings" });
    this.retry();
    void this.greet();
  }

  /** Try now instead of when the backoff is over. */
  retry(): void {
    this.wake?.();
    this.wake = null;
    this.current = { ...this.current, retryAt: 0 };
    this.run();
  }

  /**
   * Shake hands though nothing is asked: for who opens the popup. A server that answered before may
   * have gone since.
   */
  async greet(): Promise<void> {
    if (this.busy) return;
    if (this.current.retryAt > this.world.now()) {
      // A worker that starts anew waits for the same time as the one before.
      this.run();
      return;
    }
    await this.guarded(async (signal) => {
      await this.shake(signal);
      // With no work at which it could fail, the greeting is all that is known of it.
      if (!signal.aborted && this.isIdle) this.event({ kind: "answered" });
    });
  }

  private get isIdle(): boolean {
    return this.jobs.length === 0;
  }

  private event(event: Event): void {
    const before = this.current;
    this.current = next(before, event, this.world.now(), this.world.random());
    if (JSON.stringify(before) !== JSON.stringify(this.current)) this.changed(this.current);
  }

  private run(): void {
    const { kind } = this.current;
    // Nobody may wait any more for a server in trouble: whether it still is gets asked all the same.
    if (this.busy || (this.isIdle && (kind === "ok" || kind === "unknown"))) return;
    const wait = this.current.retryAt - this.world.now();
    if (wait > 0) {
      this.wake ??= this.world.after(wait, () => {
        this.wake = null;
        this.run();
      });
      return;
    }
    if (this.isIdle) {
      void this.greet();
      return;
    }
    void this.guarded((signal) => this.once(signal));
  }

  /** Run one exchange with the server, and then the next; what fails becomes the state. */
  private async guarded(exchange: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.addressed;
    this.busy = true;
    const slow = this.world.after(SLOW, () => {
      this.event({ kind: "slow" });
    });
    try {
      await exchange(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.answered = false;
      // Anything unforeseen is shown and waited upon too: a silent queue would spin or stand still.
      const failure = error instanceof Failure ? error : new Failure("failing", String(error));
      const { as, detail, retryAfter } = failure;
      this.event({ kind: "failed", as, detail, retryAfter, silent: error instanceof Late });
    } finally {
      slow();
      this.busy = false;
      this.run();
    }
  }

  private get fetch(): Fetch {
    const { signal } = this.addressed;
    return (address, init) => {
      const signals = init.signal ? [signal, init.signal] : [signal];
      return this.world.fetch(address, { ...init, signal: AbortSignal.any(signals) });
    };
  }

  private async shake(signal: AbortSignal): Promise<Server> {
    const server = await handshake(this.fetch, this.address);
    if (!signal.aborted) {
      const isOther = await this.cache.keepOnly(server.sha256);
      this.event({ kind: "connected", server });
      if (isOther) this.replaced();
    }
    return server;
  }

  /** Greet the server anew where another model answers than it named: it was started with that meanwhile. */
  private async recognize(signal: AbortSignal, sha256: string): Promise<void> {
    if (sha256 === this.current.server?.sha256) return;
    const server = await this.shake(signal);
    // Two of them behind one address would have the pages forget for ever what they were just told.
    if (sha256 !== server.sha256)
      throw new Failure("foreign", `${this.address.server}: two models`);
  }

  /** Answer what is known already. */
  private recall(): void {
    this.jobs = this.jobs.filter(({ id, hash, deliver }) => {
      const known = this.cache.get(hash);
      if (known) deliver(id, known);
      return !known;
    });
  }

  private async once(signal: AbortSignal): Promise<void> {
    if (!this.current.server) await this.shake(signal);
    // It greeted the server before: that of now hears no text without a greeting of its own.
    if (signal.aborted) return;
    this.recall();
    this.flying = this.take();
    if (this.flying.length === 0) return;
    try {
      await this.exchange(signal, this.flying);
    } catch (error) {
      if (error instanceof Late) this.giveUp(error);
      if (!(error instanceof Refused)) throw error;
      await this.separate(signal, error);
    } finally {
      // Whatever has no answer goes first the next time.
      this.jobs = [...this.flying, ...this.jobs];
      this.flying = [];
    }
  }

  /** The server refuses the batch: each text by itself, so that one bad text fails alone. */
  private async separate(signal: AbortSignal, refused: Refused): Promise<void> {
    const jobs = [...this.flying];
    for (const job of jobs) {
      if (signal.aborted) return;
      try {
        if (jobs.length === 1) throw refused;
        await this.exchange(signal, [job]);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.land(job, { error: error.message });
      }
    }
  }

  /** A long text that was too much twice would be so for ever, and hold up all others. */
  private giveUp({ message }: Late): void {
    const [job] = this.flying;
    if (!job || !isLong(job)) return;
    if (job.late) this.land(job, { error: message, code: "late" });
    job.late = true;
  }

  private land(job: Job, answer: Score | Refusal): void {
    if (!this.flying.includes(job)) return; // Cancelled on the way.
    this.flying = this.flying.filter((other) => other !== job);
    job.deliver(job.id, answer);
  }

  private async exchange(signal: AbortSignal, batch: readonly Job[]): Promise<void> {
    const texts = [...new Map(batch.map(({ hash, text }) => [hash, text])).entries()];
    const answer = await score(
      this.fetch,
      this.address,
      texts.map(([, text]) => text),
    );
    if (!signal.aborted) await this.recognize(signal, answer.sha256);
    if (signal.aborted) return;
    this.answered = true;
    this.event({ kind: "answered" });
    const found = new Map<string, Score | Refusal>();
    const kept = new Map<string, Score>();
    const keeps = new Set(batch.filter(({ keep }) => keep).map(({ hash }) => hash));
    texts.forEach(([hash], index) => {
      const result = answer.scores[index];
      if (!result) return;
      found.set(hash, result);
      if (!("error" in result) && keeps.has(hash)) kept.set(hash, result);
    });
    for (const job of batch) {
      const result = found.get(job.hash);
      if (result) this.land(job, result);
    }
    await this.cache.put(answer.sha256, kept, this.world.now());
  }

  /** The next batch, one text of each page in turn: a long page doesn't hold up a short one. */
  private take(): Job[] {
    const limit = this.answered ? BATCH : FIRST_BATCH;
    const turns = new Map<string, Job[]>();
    for (const job of this.jobs) turns.set(job.page, [...(turns.get(job.page) ?? []), job]);
    const batch: Job[] = [];
    let words = 0;
    while (batch.length < limit && words < BATCH_WORDS && turns.size > 0) {
      for (const [page, jobs] of turns) {
        const job = jobs.shift();
        if (!job) turns.delete(page);
        else if (
          batch.length < limit &&
          words < BATCH_WORDS &&
          !(isLong(job) && batch.length > 0)
        ) {
          batch.push(job);
          words += job.text.length / 6;
        }
      }
    }
    this.jobs = this.jobs.filter((job) => !batch.includes(job));
    return batch;
  }
}
