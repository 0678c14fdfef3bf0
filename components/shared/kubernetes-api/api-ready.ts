import { request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../user-error";
import { type ApiAccess, apiAccess } from "./kubeconfig";

export interface ApiReadyArgs {
  /** @default the kubeconfig's current one */
  readonly context?: string;
  /** How long a new cluster may take: servers boot, install, and elect in 3 to 6 minutes. @default 15 */
  readonly limitMinutes?: number;
}

/**
 * The same kubeconfig, once the API answers to it. The Kubernetes provider does not wait by itself: against a cluster
 * that is still booting an update fails half-way. A preview never waits, so that it works with the control plane down.
 */
export function apiReady(kubeconfig: pulumi.Output<string>, args: ApiReadyArgs = {}): pulumi.Output<string> {
  return kubeconfig.apply(async (text) => {
    if (!pulumi.runtime.isDryRun()) {
      await waitForApi(apiAccess(text, args.context), {
        limitMs: (args.limitMinutes ?? 15) * 60_000,
        progress: (line) => void pulumi.log.info(line, undefined, undefined, true),
      });
    }
    return text;
  });
}

export interface Patience {
  readonly limitMs: number;
  readonly progress: (line: string) => void;
  /** @default 3 s */
  readonly everyMs?: number;
  /** @default 30 s */
  readonly progressEveryMs?: number;
}

/** Resolves when the API is ready and lets its administrator in; rejects with the last problem after the limit. */
export async function waitForApi(access: ApiAccess, patience: Patience): Promise<void> {
  const { limitMs, progress, everyMs = 3_000, progressEveryMs = 30_000 } = patience;
  const start = Date.now();
  let told = start;
  for (;;) {
    const problem = await notReady(access);
    if (problem === undefined) return;
    const waited = Date.now() - start;
    if (waited + everyMs > limitMs) {
      throw new UserError(
        `The Kubernetes API at ${access.server.origin} was not ready after ${duration(waited)}: ${problem}.\n` +
          "Check the first boot on a server with `journalctl -u trellis-first-boot -u etcd -u k3s`, then run the update again.",
      );
    }
    if (Date.now() - told >= progressEveryMs) {
      told = Date.now();
      progress(
        `waiting for the Kubernetes API at ${access.server.origin}, ${duration(waited)} so far: ${problem}`,
      );
    }
    await pause(everyMs);
  }
}

/** What is in the way, if anything: the API's own readiness first, then whether it lets this user do anything. */
async function notReady(access: ApiAccess): Promise<string | undefined> {
  // A user without credentials in the kubeconfig (they come from a program) can only be seen to be asked for them.
  const anonymous = !access.client && !access.token;
  for (const path of ["/readyz", "/api/v1/namespaces/kube-system"]) {
    const answer = await get(access, path).catch((error: Error) => error);
    if (answer instanceof Error) return answer.message;
    if (anonymous && (answer === 401 || answer === 403)) return undefined;
    if (answer !== 200) return `${path} answers ${answer}`;
  }
  return undefined;
}

const ANSWER_LIMIT_MS = 10_000;

function get(
  { server, authority, serverName, insecure, client, token }: ApiAccess,
  path: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(server.pathname.replace(/\/+$/, "") + path, server),
      {
        ...(authority !== undefined && { ca: authority }),
        ...(serverName !== undefined && { servername: serverName }),
        ...(client && { cert: client.cert, key: client.key }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        rejectUnauthorized: !insecure,
        agent: false,
        timeout: ANSWER_LIMIT_MS,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)));
    call.on("error", reject);
    call.end();
  });
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
