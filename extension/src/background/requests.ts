/** What popup and options ask for. */

import { POPUP_PORT, type Request } from "../shared/messages";
import { INITIAL, next, type State } from "../shared/state";
import { check, stop } from "./checking";
import { Failure, handshake } from "./client";
import { refresh } from "./popups";
import { attempt, command } from "./reach";
import { popups, running } from "./world";

export function isOurs(sender: chrome.runtime.MessageSender | undefined): boolean {
  return sender?.url?.startsWith(chrome.runtime.getURL("")) === true;
}

export function attendPopup(port: chrome.runtime.Port): void {
  const tab = Number(port.name.slice(POPUP_PORT.length + 1));
  popups.set(port, tab);
  port.onDisconnect.addListener(() => popups.delete(port));
  // Pages whose worker was stopped report to this one.
  void command(tab, { kind: "return" });
  void refresh(tab);
  void running.then(({ queue }) => queue.greet());
}

export async function obey(request: Request): Promise<unknown> {
  const { queue } = await running;
  switch (request.kind) {
    case "check":
      return attempt(() => check(request.tab));
    case "stop":
      return attempt(() => stop(request.tab));
    case "whole":
      return command(request.tab, { kind: "whole" });
    case "reveal":
      return command(request.tab, { kind: "reveal", id: request.id }, request.frame);
    case "retry":
      queue.retry();
      return queue.greet();
    case "test":
      return test(request.server, request.token);
  }
}

async function test(server: string, token: string): Promise<State> {
  const now = Date.now();
  try {
    const found = await handshake((address, init) => fetch(address, init), { server, token });
    const state = next(INITIAL, { kind: "connected", server: found }, now, 0);
    const { queue } = await running;
    if (queue.state.kind !== "ok") queue.retry();
    return state;
  } catch (error) {
    const { as, detail } = error instanceof Failure ? error : new Failure("failing", String(error));
    return next(INITIAL, { kind: "failed", as, detail, retryAfter: null }, now, 0);
  }
}
