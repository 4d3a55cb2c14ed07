// @vitest-environment node
import { webcrypto } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Cache, type Area } from "../../src/background/cache";
import { Queue, type World } from "../../src/background/queue";
import type { Refusal, Score } from "../../src/shared/score";
import { INITIAL, type State } from "../../src/shared/state";
import { memory, SCORE } from "./memory";

// Browsers have it everywhere, Node from 19 on.
(globalThis as { crypto?: unknown }).crypto ??= webcrypto;

interface Sent {
  readonly path: string;
  readonly texts: readonly string[];
  readonly authorization: string | undefined;
}

/** A world with a clock that is turned by hand, and a server that answers as a test says. */
class Stage implements World {
  readonly sent: Sent[] = [];
  readonly states: State[] = [];
  /** How often the pages were told of another model. */
  replaced = 0;
  clock = 0;
  timers: { at: number; then: () => void }[] = [];
  answer: (sent: Sent) => Response | Promise<Response> = (sent) => this.scores(sent);
  sha256 = "a";

  scores({ texts }: Sent): Response {
    const results = texts.map((_, n) => ({ id: `${n}`, ...SCORE }));
    return Response.json({ model: { sha256: this.sha256 }, results });
  }

  fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const path = new URL(address).pathname;
    const headers = init.headers as Record<string, string>;
    const request = typeof init.body === "string" ? init.body : '{"texts":[]}';
    const { texts } = JSON.parse(request) as { texts: { text: string }[] };
    const sent = {
      path,
      texts: texts.map(({ text }) => text),
      authorization: headers.Authorization,
    };
    this.sent.push(sent);
    if (path === "/readyz") return Response.json({ status: "ready", version: "1.0.0", api: 1 });
    if (path === "/v1/models") {
      const model = { name: "m", sha256: this.sha256, min_words: 40 };
      return Response.json({ default: "m", models: [model] });
    }
    return this.answer(sent);
  };
  now = () => this.clock;
  random = () => 0;
  after = (milliseconds: number, then: () => void) => {
    const timer = { at: this.clock + milliseconds, then };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  async pass(milliseconds: number): Promise<void> {
    this.clock += milliseconds;
    const due = this.timers.filter(({ at }) => at <= this.clock);
    this.timers = this.timers.filter(({ at }) => at > this.clock);
    for (const { then } of due) then();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setTimeout(resolve));
  }

  get asked(): (readonly string[])[] {
    return this.sent.filter(({ path }) => path === "/v1/score").map(({ texts }) => texts);
  }

  async queue(area: Area = memory(), state: State = INITIAL): Promise<Queue> {
    const address = { server: "http://127.0.0.1:8765", token: "secret" };
    const cache = await Cache.load(area);
    const changed = (now: State) => this.states.push(now);
    return new Queue(this, cache, address, state, changed, () => (this.replaced += 1));
  }
}

type Answers = Map<string, Score | Refusal>;

async function ask(queue: Queue, answers: Answers, page: string, texts: readonly string[]) {
  const asked = texts.map((text, id) => ({ id, text }));
  await queue.ask(page, asked, (id, answer) => answers.set(texts[id] ?? "", answer));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the queue", () => {
  test("shakes hands, then asks for a few texts, then for many", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    await ask(
      queue,
      answers,
      "p",
      Array.from({ length: 30 }, (_, n) => `text ${n}`),
    );
    await stage.settle();
    expect(stage.sent.map(({ path }) => path).slice(0, 3)).toEqual([
      "/readyz",
      "/v1/models",
      "/v1/score",
    ]);
    expect(stage.asked.map(({ length }) => length)).toEqual([4, 16, 10]);
    expect(answers.size).toBe(30);
    expect(stage.sent.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
    expect(queue.state.kind).toBe("ok");
  });

  test("gives up a long text that is too late twice, and answers the others meanwhile waiting", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    const long = "word ".repeat(4_000);
    stage.answer = (sent) => {
      if (sent.texts.includes(long)) throw new DOMException("late", "TimeoutError");
      return stage.scores(sent);
    };
    await ask(queue, answers, "other", ["short"]);
    await ask(queue, answers, "reader", [long]);
    await ask(queue, answers, "other", ["short too"]);
    await stage.settle();
    for (let n = 0; n < 3; n += 1) await stage.pass(30_000);
    expect(answers.get(long)).toMatchObject({ code: "late" });
    expect(answers.size).toBe(3);
    expect(stage.asked.filter((texts) => texts.includes(long))).toEqual([[long], [long]]);
    expect(queue.state.kind).toBe("ok");
  });

  test("keeps asking for short texts, however late the server is", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    stage.answer = () => {
      throw new DOMException("late", "TimeoutError");
    };
    await ask(queue, answers, "p", ["short"]);
    for (let n = 0; n < 4; n += 1) await stage.pass(30_000);
    expect(answers.size).toBe(0);
    // It may have gone: it is greeted each time.
    const greeted = stage.sent.filter(({ path }) => path === "/readyz").length;
    expect(greeted).toBe(stage.asked.length);
    expect(greeted).toBeGreaterThan(1);
    stage.answer = (sent) => stage.scores(sent);
    await stage.pass(30_000);
    expect(answers.size).toBe(1);
  });

  test("keeps a batch small by words too", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    await ask(
      queue,
      new Map(),
      "p",
      Array.from({ length: 20 }, (_, n) => `${n} ${"word ".repeat(1_500)}`),
    );
    await stage.settle();
    expect(Math.max(...stage.asked.map(({ length }) => length))).toBeLessThan(5);
  });

  test("is fair: a long page holds up no short one", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    let release: (value: Response) => void = () => undefined;
    stage.answer = () => new Promise((resolve) => (release = resolve));
    const long = Array.from({ length: 40 }, (_, n) => `long ${n}`);
    await ask(queue, answers, "long", long);
    await stage.settle();
    await ask(queue, answers, "short", ["short"]);
    stage.answer = (sent) => stage.scores(sent);
    release(stage.scores(stage.sent.at(-1)!));
    await stage.settle();
    expect(stage.asked[1]).toContain("short");
  });

  test("asks no text twice, be it on two pages or seen before", async () => {
    const stage = new Stage();
    const area = memory();
    const queue = await stage.queue(area);
    const answers: Answers = new Map();
    await Promise.all([ask(queue, answers, "a", ["same"]), ask(queue, answers, "b", ["same"])]);
    await stage.settle();
    await ask(queue, answers, "c", ["same"]);
    await stage.settle();
    expect(stage.asked.flat()).toEqual(["same"]);
    // A worker that starts anew finds what the one before knew.
    const next = await stage.queue(area, queue.state);
    const later: Answers = new Map();
    await ask(next, later, "d", ["same"]);
    expect(later.size).toBe(1);
    expect(stage.asked.length).toBe(1);
  });

  test("remembers nothing of a private window", async () => {
    const stage = new Stage();
    const area = memory();
    const queue = await stage.queue(area);
    const answers: unknown[] = [];
    const asked = [{ id: 1, text: "private" }];
    await queue.ask("p", asked, (_, answer) => answers.push(answer), false);
    await stage.settle();
    expect(answers.length).toBe(1);
    expect([...area.stored.keys()].filter((key) => key.startsWith("score:"))).toEqual([]);
  });

  test("forgets the scores of another model", async () => {
    const stage = new Stage();
    const area = memory();
    const queue = await stage.queue(area);
    await ask(queue, new Map(), "a", ["same"]);
    await stage.settle();
    stage.sha256 = "b";
    queue.readdress({ server: "http://127.0.0.1:9999", token: "" });
    await ask(queue, new Map(), "a", ["other"]);
    await stage.settle();
    await ask(queue, new Map(), "a", ["same"]);
    await stage.settle();
    expect(stage.asked.flat()).toEqual(["same", "other", "same"]);
    expect(stage.replaced).toBe(1);
  });

  test("greets a server whose model changed in between, and has the pages forget, before it answers", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    await ask(queue, answers, "p", ["one"]);
    await stage.settle();
    stage.sha256 = "b";
    const told: number[] = [];
    await queue.ask("p", [{ id: 1, text: "two" }], () => told.push(stage.replaced));
    await stage.settle();
    expect(stage.sent.slice(-2).map(({ path }) => path)).toEqual(["/readyz", "/v1/models"]);
    expect(told).toEqual([1]);
    expect(queue.state).toMatchObject({ kind: "ok", server: { sha256: "b" } });
    // One that goes on to name two of them is no server, but something in between.
    stage.answer = (sent) =>
      Response.json({
        model: { sha256: "c" },
        results: sent.texts.map(() => ({ id: "0", ...SCORE })),
      });
    await ask(queue, answers, "p", ["three"]);
    await stage.settle();
    expect(queue.state).toMatchObject({
      kind: "foreign",
      detail: "http://127.0.0.1:8765: two models",
    });
    expect(answers.has("three")).toBe(false);
    expect(stage.replaced).toBe(1);
  });

  test("lets go of what is cancelled, waiting or on its way", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    let release: (value: Response) => void = () => undefined;
    stage.answer = () => new Promise((resolve) => (release = resolve));
    await ask(queue, answers, "p", ["one", "two", "three", "four", "five"]);
    await stage.settle();
    queue.cancel("p", [0, 4]);
    stage.answer = (sent) => stage.scores(sent);
    release(stage.scores(stage.sent.at(-1)!));
    await stage.settle();
    expect([...answers.keys()].sort()).toEqual(["four", "three", "two"]);
    expect(stage.asked.length).toBe(1);
    expect(queue.length).toBe(0);
  });

  test("waits as long as the server asks, and longer each time it fails", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    stage.answer = () =>
      new Response('{"error":{"code":"full","message":""}}', {
        status: 429,
        headers: { "Retry-After": "5" },
      });
    await ask(queue, answers, "p", ["one"]);
    await stage.settle();
    expect(queue.state).toMatchObject({ kind: "busy", failures: 1, retryAt: 5_000 });
    await stage.pass(4_900);
    expect(stage.asked.length).toBe(1);
    stage.answer = () => new Response("oops", { status: 500 });
    await stage.pass(200);
    expect(stage.asked.length).toBe(2);
    expect(queue.state).toMatchObject({ kind: "failing", failures: 2, retryAt: 5_100 + 2_000 });
    await stage.pass(2_000);
    expect(queue.state.retryAt).toBe(7_100 + 4_000);
    stage.answer = (sent) => stage.scores(sent);
    await stage.pass(4_000);
    expect(answers.size).toBe(1);
    expect(queue.state).toMatchObject({ kind: "ok", failures: 0 });
  });

  test("asks whether a server is busy still though the page that waited has gone", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    stage.answer = () => new Response("{}", { status: 429, headers: { "Retry-After": "5" } });
    await ask(queue, new Map(), "p", ["one"]);
    await stage.settle();
    queue.forget("p");
    expect(queue.state.kind).toBe("busy");
    await stage.pass(5_100);
    expect(queue.state.kind).toBe("ok");
    expect(stage.asked.length).toBe(1);
  });

  test("finds by a greeting that the server has gone, and by itself that it is back", async () => {
    const stage = new Stage();
    const { fetch } = stage;
    const area = memory();
    const queue = await stage.queue(area);
    await ask(queue, new Map(), "p", ["one"]);
    await stage.settle();
    expect(queue.state.kind).toBe("ok");
    vi.stubGlobal("chrome", { permissions: { contains: () => Promise.resolve(true) } });
    stage.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    await queue.greet();
    expect(queue.state.kind).toBe("unreachable");
    await stage.pass(1_000);
    expect(queue.state).toMatchObject({ kind: "unreachable", failures: 2 });
    // So does a worker that starts in the middle of it.
    stage.timers = [];
    const next = await stage.queue(area, queue.state);
    await next.greet();
    stage.fetch = fetch;
    await stage.pass(1_900);
    expect(next.state.kind).toBe("unreachable");
    await stage.pass(100);
    expect(next.state).toMatchObject({ kind: "ok", failures: 0 });
    expect(stage.asked.length).toBe(1);
  });

  test("takes a server that failed at its work by its greeting once there is none left", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    stage.answer = () => new Response("oops", { status: 500 });
    await ask(queue, new Map(), "p", ["one"]);
    await stage.settle();
    queue.forget("p");
    await stage.pass(1_000);
    expect(queue.state.kind).toBe("ok");
    const { length } = stage.sent;
    await stage.pass(60_000);
    expect(stage.sent.length).toBe(length);
  });

  test("sends no text to a new address before a greeting of its own", async () => {
    const stage = new Stage();
    const { fetch } = stage;
    let release: () => void = () => undefined;
    stage.fetch = async (address, init) => {
      if (address.includes(":8765/readyz")) await new Promise<void>((then) => (release = then));
      return fetch(address, init);
    };
    const queue = await stage.queue();
    await ask(queue, new Map(), "p", ["one"]);
    await stage.settle();
    queue.readdress({ server: "http://127.0.0.1:9999", token: "new" });
    release();
    await stage.settle();
    const own = stage.sent.filter(({ authorization }) => authorization === "Bearer new");
    const [first] = own.filter(({ path }) => path !== "/v1/models");
    expect(first?.path).toBe("/readyz");
    expect(stage.asked).toEqual([["one"]]);
  });

  test("tells one bad text from a bad server", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    stage.answer = (sent) =>
      sent.texts.includes("bad")
        ? new Response('{"error":{"code":"too_long","message":"cut it"}}', { status: 413 })
        : stage.scores(sent);
    await ask(queue, answers, "p", ["good", "bad", "better"]);
    await stage.settle();
    expect(answers.get("bad")).toEqual({ error: "cut it" });
    expect(answers.get("good")).toMatchObject({ verdict: "human" });
    expect(answers.get("better")).toMatchObject({ verdict: "human" });
    expect(queue.state.kind).toBe("ok");
  });

  test("is busy when an answer is slow, and well when it comes", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    let release: (value: Response) => void = () => undefined;
    stage.answer = () => new Promise((resolve) => (release = resolve));
    await ask(queue, new Map(), "p", ["one"]);
    await stage.settle();
    await stage.pass(3_000);
    expect(queue.state.kind).toBe("busy");
    release(stage.scores(stage.sent.at(-1)!));
    await stage.settle();
    expect(queue.state.kind).toBe("ok");
  });

  test("waits no more for the server before", async () => {
    vi.stubGlobal("chrome", { permissions: { contains: () => Promise.resolve(true) } });
    const stage = new Stage();
    const { fetch } = stage;
    stage.fetch = (address, init) =>
      address.includes(":8765")
        ? new Promise((_, reject) => {
            init.signal?.addEventListener("abort", () => {
              reject(new DOMException("", "AbortError"));
            });
          })
        : fetch(address, init);
    const queue = await stage.queue();
    const answers: Answers = new Map();
    await ask(queue, answers, "p", ["one"]);
    await stage.settle();
    queue.readdress({ server: "http://127.0.0.1:9999", token: "" });
    await stage.settle();
    expect(answers.size).toBe(1);
    expect(queue.state).toMatchObject({ kind: "ok", failures: 0 });
  });

  test("drops an answer of the server before, and asks the new one", async () => {
    const stage = new Stage();
    const queue = await stage.queue();
    const answers: Answers = new Map();
    let release: (value: Response) => void = () => undefined;
    stage.answer = () => new Promise((resolve) => (release = resolve));
    await ask(queue, answers, "p", ["one"]);
    await stage.settle();
    queue.readdress({ server: "http://127.0.0.1:9999", token: "" });
    stage.answer = (sent) => stage.scores(sent);
    release(Response.json({ model: { sha256: "old" }, results: [{ id: "0", ...SCORE }] }));
    await stage.settle();
    expect(answers.size).toBe(1);
    expect(stage.asked.length).toBe(2);
    expect(stage.sent.at(-1)?.authorization).toBeUndefined();
  });
});
