import { request } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../user-error";
import { type BootingServer, bootReport } from "./boot-report";
import { type ApiAccess, apiAccess } from "./kubeconfig";

export interface ApiReadyArgs {
  /** The context of the kubeconfig to connect with. @default its current context */
  readonly context?: string;
  /**
   * Minutes to wait for the API. A new cluster needs 3 to 6: servers boot, install packages and elect leaders. With
   * fewer minutes the first update fails; with more, an update waits longer for a cluster that is down.
   * @default 15
   */
  readonly limitMinutes?: number;
  /** Servers that report their first boot until the API answers. @default none */
  readonly servers?: pulumi.Input<readonly BootingServer[]>;
}

/**
 * Returns the same kubeconfig once the API accepts it. The Kubernetes provider does not wait by itself: if the cluster
 * is still booting, an update fails half-way. A preview never waits, so that it works while the control plane is down.
 */
export function apiReady(kubeconfig: pulumi.Output<string>, args: ApiReadyArgs = {}): pulumi.Output<string> {
  return pulumi.all([kubeconfig, args.servers ?? []]).apply(async ([text, servers]) => {
    if (!pulumi.runtime.isDryRun()) {
      await waitForApi(apiAccess(text, args.context), {
        limitMs: (args.limitMinutes ?? 15) * 60_000,
        progress: (line) => void pulumi.log.info(line, undefined, undefined, true),
        servers,
        report: (line) => void pulumi.log.info(line),
      });
    }
    return text;
  });
}

export interface Patience {
  /** How long to wait before the error. */
  readonly limitMs: number;
  /** Receives a line with the elapsed time and the last problem. */
  readonly progress: (line: string) => void;
  /** The pause between two attempts. @default 3 s */
  readonly everyMs?: number;
  /** The time between two progress lines. @default 30 s */
  readonly progressEveryMs?: number;
  /** Servers that are asked how far their first boot is. @default none */
  readonly servers?: readonly BootingServer[];
  /** Receives what a server does, each time that it does something else. @default nobody */
  readonly report?: (line: string) => void;
}

/** Resolves when the API is ready and authorizes this user; rejects with the last problem after the limit. */
export async function waitForApi(access: ApiAccess, patience: Patience): Promise<void> {
  const { limitMs, progress, everyMs = 3_000, progressEveryMs = 30_000 } = patience;
  const start = Date.now();
  let told = start;
  const reports = new Map<string, string>();
  for (;;) {
    const problem = await notReady(access);
    if (problem === undefined) return;
    await ask(access, patience, reports);
    const waited = Date.now() - start;
    if (waited + everyMs > limitMs) {
      throw new UserError(
        `The Kubernetes API at ${access.server.origin} was not ready after ${duration(waited)}: ${problem}.\n` +
          [...reports].map(([name, doing]) => `${name}: ${doing}\n`).join("") +
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

/** Asks all servers at once. A server that does not report (any more) keeps its last report. */
async function ask(access: ApiAccess, { servers = [], report }: Patience, reports: Map<string, string>) {
  await Promise.all(
    servers.map(async (server) => {
      const doing = await bootReport(access, server);
      if (doing === undefined || doing === reports.get(server.name)) return;
      reports.set(server.name, doing);
      report?.(`${server.name}: ${doing}`);
    }),
  );
}

/** The present problem, or undefined. It first asks whether the API is ready, then whether it authorizes this user. */
async function notReady(access: ApiAccess): Promise<string | undefined> {
  // The kubeconfig may contain no credentials, because an exec plugin provides them. A 401 or 403 is enough then.
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
