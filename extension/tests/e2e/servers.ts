/** The real `byline serve`, and servers that answer otherwise. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { CHECKOUT } from "../paths";

export interface Running {
  readonly origin: string;
  readonly stop: () => Promise<void>;
}

export interface BylineOptions {
  readonly port?: number;
  readonly token?: string;
}

/** The command of the environment the tests run in. */
function command(): string {
  const named = process.env.BYLINE;
  if (named !== undefined) return named;
  for (const environment of [".venv", ".venv-base"]) {
    const place = path.join(CHECKOUT, environment, "bin/byline");
    if (existsSync(place)) return place;
  }
  throw new Error(
    "The tests need `byline serve`: run `make test`, or name it: BYLINE=/path/byline",
  );
}

export async function startByline({ port = 0, token = "" }: BylineOptions = {}): Promise<Running> {
  const child = spawn(command(), ["serve", "--port", `${port}`], {
    env: { ...process.env, ...(token === "" ? {} : { BYLINE_TOKEN: token }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = new Promise<void>((resolve) =>
    child.once("exit", () => {
      resolve();
    }),
  );
  const origin = await new Promise<string>((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const address = /listening at (http:\/\/[\w.]+:\d+)/.exec(said);
      if (address?.[1] !== undefined) resolve(address[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    void gone.then(() => {
      reject(new Error(`byline serve ended: ${said}`));
    });
  });
  return {
    origin,
    stop: async () => {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

export async function listen(listener: RequestListener, port = 0): Promise<Running> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: taken } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${taken}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function body(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** A server that passes everything on to a real one, but answers `/v1/score` as told. */
export async function between(
  real: string,
  meddle: (pass: () => Promise<void>, respond: Respond) => Promise<void>,
): Promise<Running> {
  return listen((request, response) => {
    void (async () => {
      const text = await body(request);
      const pass = async () => {
        const answer = await fetch(real + (request.url ?? ""), {
          method: request.method ?? "GET",
          headers: { "Content-Type": "application/json" },
          ...(request.method === "POST" ? { body: text } : {}),
        });
        response.writeHead(answer.status, { "Content-Type": "application/json" });
        response.end(await answer.text());
      };
      const respond: Respond = (status, content, headers = {}) => {
        response.writeHead(status, headers);
        response.end(content);
      };
      if (request.url === "/v1/score") await meddle(pass, respond);
      else await pass();
    })();
  });
}

export type Respond = (
  status: number,
  content: string,
  headers?: Readonly<Record<string, string>>,
) => void;
