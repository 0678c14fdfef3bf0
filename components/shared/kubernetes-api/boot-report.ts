import { request } from "node:https";
import type { ApiAccess } from "./kubeconfig";

/** A server that answers on the API's port from the beginning of its first boot. */
export interface BootingServer {
  readonly name: string;
  /** Its public address. */
  readonly address: string;
}

const PATIENCE_MS = 5_000;
const MOST_BYTES = 64 * 1024;

/**
 * What a server does in its first boot, or undefined where it does not say: it has not started, has come as far as
 * HAProxy, or a firewall is in between. The server and this user prove who they are, as with the API.
 */
export function bootReport(access: ApiAccess, { address }: BootingServer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request(
      new URL(`https://${address}:${access.server.port || 443}/`),
      {
        ...(access.authority !== undefined && { ca: access.authority }),
        ...(access.client && { cert: access.client.cert, key: access.client.key }),
        agent: false,
        timeout: PATIENCE_MS,
      },
      (response) => {
        let log = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          log = (log + text).slice(-MOST_BYTES);
        });
        response.on("end", () =>
          resolve(response.headers["trellis-report"] === "first-boot" ? doingOf(log) : undefined),
        );
        response.on("error", () => resolve(undefined));
      },
    );
    call.on("timeout", () => call.destroy());
    call.on("close", () => resolve(undefined));
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

const STEP = /^trellis: (.*)$/;
const TROUBLE = /, attempt |^FAILED |^REFUSED /;
const LONGEST = 200;

/** The last step in the log of a first boot; where it is tried again or failed, with the last line before that trouble. */
export function doingOf(log: string): string | undefined {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const last = lines.findLastIndex((line) => STEP.test(line));
  const step = STEP.exec(lines[last] ?? "")?.[1];
  if (step === undefined || !TROUBLE.test(step)) return step;
  const reason = lines.slice(0, last).findLast((line) => !STEP.test(line));
  return reason === undefined ? step : `${step} (${printable(reason)})`;
}

/** The text comes from programs on the server and goes to a terminal. */
function printable(line: string): string {
  const clean = line.replace(/[^\P{C}]/gu, "").trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}
