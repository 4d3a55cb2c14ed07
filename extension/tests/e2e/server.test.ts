import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import type { Kind } from "../../src/shared/state";
import { Chromium, hasMarks, marked, SKIPPED, until } from "./chromium";
import { picture } from "./pictures";
import { between, body, listen, startByline, type Respond, type Running } from "./servers";

let copies = 0;

function count(text: string): number {
  return text.split(/\s+/).length;
}

/** A page with a text that no test before had scored: what was scored is remembered. */
function unique(name = "unique"): string {
  copies += 1;
  return `/${name}?${copies}`;
}

describe.skipIf(SKIPPED)("a server that is not as one wishes", () => {
  let chromium: Chromium;
  let running: Running[] = [];

  beforeAll(async () => {
    chromium = await Chromium.connect();
  });
  afterAll(() => chromium.close());
  beforeEach(() => chromium.reset());
  afterEach(async () => {
    for (const server of running) await server.stop();
    running = [];
  });

  async function keep(server: Promise<Running>): Promise<Running> {
    running.push(await server);
    return server;
  }

  /** Check a page against a server; it must show `kind`, say `advice`, and leave the page alone. */
  async function shows(server: string, kind: Kind, badge: string, advice: RegExp): Promise<Page> {
    await chromium.set({ server });
    const page = await chromium.open(unique());
    const before = await page.evaluate(() => document.documentElement.outerHTML);
    await chromium.begin(page);
    await until(`the state ${kind}`, async () => (await chromium.status(page)).state.kind === kind);
    await until(`the badge ${badge}`, async () => (await chromium.badge(page)).text === badge);
    const popup = await chromium.popup(page);
    await until("the advice", async () =>
      advice.test(await popup.$eval("#trouble", (notice) => notice.textContent)),
    );
    if (kind === "unreachable") await picture(popup, "state", true);
    await popup.close();
    expect(await marked(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.outerHTML)).toBe(before);
    return page;
  }

  async function recovers(page: Page, limit = 15_000): Promise<void> {
    await page.bringToFront();
    await hasMarks(page, limit);
    expect((await chromium.status(page)).state.kind).toBe("ok");
    await until("a number", async () => /^\d$/.test((await chromium.badge(page)).text));
  }

  test("not there, and started later", async () => {
    const first = await startByline();
    await first.stop();
    const page = await shows(first.origin, "unreachable", "!", /Start it with “byline serve”/);
    await keep(startByline({ port: Number(new URL(first.origin).port) }));
    await recovers(page);
  });

  test("stopped while it is used, and started again", async () => {
    const first = await startByline();
    await chromium.set({ server: first.origin });
    const page = await chromium.check(unique("infinite"));
    await recovers(page);
    await first.stop();
    await page.evaluate(() => {
      scrollTo({ top: document.body.scrollHeight, behavior: "instant" });
    });
    await until("it is seen", async () => {
      return (await chromium.status(page)).state.kind === "unreachable";
    });
    // What was marked stays marked.
    const before = (await chromium.status(page)).report;
    expect(before.words.ai).toBeGreaterThan(0);
    expect(before.words.waiting).toBeGreaterThan(0);
    await keep(startByline({ port: Number(new URL(first.origin).port) }));
    await until("more is scored", async () => {
      const { report } = await chromium.status(page);
      return report.words.ai + report.words.human > before.words.ai + before.words.human;
    });
  });

  /** A server that answers so for a while, and as the real one afterwards. */
  function meanwhile(answer: (respond: Respond) => void, times = 2): Promise<Running> {
    let count = 0;
    return keep(
      between(inject("byline"), async (pass, respond) => {
        count += 1;
        if (count <= times) answer(respond);
        else await pass();
      }),
    );
  }

  test("full: 429", async () => {
    const server = await meanwhile((respond) => {
      respond(429, '{"error":{"code":"queue_full","message":"come back"}}', { "Retry-After": "2" });
    });
    await recovers(await shows(server.origin, "busy", "…", /goes on as soon as it has room/));
  });

  test("full: what is selected is asked about no more once its tooltip is closed", async () => {
    let asked = 0;
    const server = await keep(
      between(inject("byline"), (_, respond) => {
        asked += 1;
        respond(429, '{"error":{"code":"queue_full","message":"come back"}}');
        return Promise.resolve();
      }),
    );
    await chromium.set({ server: server.origin });
    const page = await chromium.open(unique());
    const tab = await chromium.tab(page);
    await chromium.control.evaluate(async (tabId) => {
      await chrome.scripting.executeScript({ target: { tabId }, files: ["content.js"] });
      await chrome.tabs.sendMessage(tabId, { kind: "selection", text: "What nobody can answer." });
    }, tab);
    await until("the tooltip", () => chromium.tooltip(page));
    await until("it is tried again", () => Promise.resolve(asked > 1));
    await page.keyboard.press("Escape");
    const before = asked;
    // The next try would come two seconds after the last, at most four.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(asked).toBe(before);
  });

  test("in error: 500", async () => {
    const server = await meanwhile((respond) => {
      respond(500, '{"error":{"code":"internal","message":"a bug"}}');
    }, 3);
    await recovers(await shows(server.origin, "failing", "!", /server's log: 500/));
  });

  test("another one altogether: HTML", async () => {
    const server = await meanwhile((respond) => {
      respond(200, "<!doctype html><title>Router</title>", { "Content-Type": "text/html" });
    }, 3);
    await recovers(await shows(server.origin, "foreign", "!", /no Byline server/));
  });

  test("JSON of another form", async () => {
    const bodies = ['{"hello":"world"}', '{"model":{"sha256":"x"},"results":[]}', "null"];
    const server = await meanwhile((respond) => {
      respond(200, bodies.shift() ?? "[]");
    }, 3);
    await recovers(await shows(server.origin, "foreign", "!", /no Byline server/));
  });

  test("slow: ten seconds for an answer", async () => {
    let first = true;
    const server = await keep(
      between(inject("byline"), async (pass) => {
        if (first) {
          first = false;
          await new Promise((resolve) => setTimeout(resolve, 10_000));
        }
        await pass();
      }),
    );
    const page = await shows(server.origin, "busy", "…", /goes on as soon as it has room/);
    await recovers(page);
  });

  test("locked: another token", async () => {
    const server = await keep(startByline({ token: "correct-horse" }));
    await chromium.set({ token: "wrong" });
    const page = await shows(
      server.origin,
      "unauthorized",
      "!",
      /token the server was started with/,
    );
    await chromium.set({ token: "correct-horse" });
    await recovers(page);
  });

  interface Model {
    sha256: string;
    min_words: number;
    /** What is in the texts that it takes for a machine's. */
    machine: string;
  }

  /** A server whose model is told by hand. */
  function pretend(model: Model, asked: (texts: readonly string[]) => void): Promise<Running> {
    return keep(
      listen((request, response) => {
        void (async () => {
          const sent = await body(request);
          const { machine, ...named } = model;
          const answers: Readonly<Record<string, () => unknown>> = {
            "/readyz": () => ({ status: "ready", version: "1.0.0", api: 1 }),
            "/v1/models": () => ({ default: "m", models: [{ name: "m", ...named }] }),
            "/v1/score": () => {
              const { texts } = JSON.parse(sent) as { texts: { id: string; text: string }[] };
              asked(texts.map(({ text }) => text));
              const results = texts.map(({ id, text }) => {
                const verdict = text.includes(machine) ? "ai" : "human";
                const sentences = [{ start: 0, end: text.length, probability: 0.9, verdict }];
                const rest = { words: count(text), coverage: 1, findings: [], sentences };
                return { id, verdict, probability: 0.9, ...rest };
              });
              return { model: named, results };
            },
          };
          // Late enough for the page to ask before, and to be read anew while its texts are on their way.
          await new Promise((resolve) => setTimeout(resolve, 700));
          response.setHeader("Content-Type", "application/json");
          response.end(JSON.stringify(answers[request.url ?? ""]?.()));
        })();
      }),
    );
  }

  test("that wants longer texts than expected: no passage gets the answer on another", async () => {
    const sent: string[] = [];
    const model = { sha256: "long", min_words: 46, machine: "machine" };
    const server = await pretend(model, (texts) => sent.push(...texts));
    await chromium.set({ server: server.origin });
    const page = await chromium.check("/short");
    await until("the first marks", async () => (await marked(page)).length > 0);
    const tab = await chromium.tab(page);
    await chromium.control.evaluate(
      (id) => chrome.runtime.sendMessage({ kind: "whole", tab: id }),
      tab,
    );
    const { words } = await until("all of it", async () => {
      const { report } = await chromium.status(page);
      return report.words.waiting === 0 && report;
    });
    expect(words).toMatchObject({ ai: 6 * 45, human: 54 * 45 });
    // Of those asked about in vain no more were sent than were on their way.
    expect(sent.filter((text) => count(text) === 45).length).toBeLessThanOrEqual(4);
  });

  test("started anew with another model: what the one before said is said no more", async () => {
    const model = { sha256: "one", min_words: 40, machine: "Number 1 " };
    const server = await pretend(model, () => undefined);
    await chromium.set({ server: server.origin });
    const page = await chromium.check("/short");
    const marks = (text: string) =>
      until(text, async () => {
        const found = await marked(page);
        return found.length > 0 && found.every((mark) => mark.text.startsWith(text));
      });
    await marks("Number 1 ");
    Object.assign(model, { sha256: "other", machine: "Number 2 " });
    // Who opens the popup has the server greeted, once it rests.
    await until("it is known", async () => {
      return (await chromium.status(page)).state.server?.sha256 === "other";
    });
    await marks("Number 2 ");
  });

  test("of an older and of a newer API", async () => {
    let api = 0;
    const server = await keep(
      listen((request, response) => {
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ status: "ready", version: "9.9.9", api }));
        request.resume();
      }),
    );
    await shows(server.origin, "outdated", "!", /newest version.*9\.9\.9/);
    api = 2;
    await chromium.reset();
    await shows(server.origin, "newer", "!", /version 9\.9\.9.*Update the extension/);
  });

  test("the browser stops the worker in the middle: the answers come all the same", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const server = await keep(
      between(inject("byline"), async (pass) => {
        asked += 1;
        if (asked === 1) await held;
        await pass();
      }),
    );
    await chromium.set({ server: server.origin });
    const address = unique();
    const page = await chromium.check(address);
    await until("the request", () => Promise.resolve(asked === 1));
    await chromium.stopWorker();
    await recovers(page);
    release();
    expect(asked).toBeGreaterThan(1);
    // And a worker that wakes knows what was scored before: nothing is asked twice.
    await chromium.stopWorker();
    const again = await chromium.check(address);
    const count = asked;
    await recovers(again);
    expect(asked).toBe(count);
  });

  test("the page's text goes nowhere but to the server that was named", async () => {
    const page = await chromium.open(unique());
    const addresses: string[] = [];
    const worker = await chromium.worker();
    const session = worker.client;
    await session.send("Network.enable");
    session.on("Network.requestWillBeSent", ({ request }) => addresses.push(request.url));
    page.on("request", (request) => addresses.push(request.url()));
    await chromium.begin(page);
    await hasMarks(page);
    const asked = addresses.filter((address) => address.startsWith("http"));
    expect(new Set(asked.map((address) => new URL(address).origin))).toEqual(
      new Set([inject("byline")]),
    );
  });
});
