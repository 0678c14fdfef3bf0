import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discover } from "../../../jobs/postgres/discovery/discover";
import { createLogger, createProgress } from "../../../jobs/shared";
import { DiscoveryApiServer } from "./api-server";
import { DiscoveryEtcd, StandInPatroni } from "./etcd";

export const DISCOVERY_PROGRAMS = ["etcd", "etcdctl", "kube-apiserver", "kubectl", "openssl"] as const;

export const SCOPE = "trellis";

/** The members as they are published. */
export const MEMBERS = ["postgres-0", "postgres-1", "postgres-2"] as const;
export const addressOf = (member: string) => `10.42.0.${10 + Number(member.at(-1))}`;

/** etcd and Kubernetes as the watcher finds them, both real; each run has 127.x addresses of its own. */
export interface DiscoveryRig {
  readonly etcd: DiscoveryEtcd;
  readonly kubernetes: DiscoveryApiServer;
  readonly patroni: StandInPatroni;
  stop(): Promise<void>;
}

export async function startDiscoveryRig(): Promise<DiscoveryRig> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-discovery-"));
  // 127.64/10 apart from the production addresses, and a block of its own for each process
  const block = `127.${64 + (process.pid % 60)}.${(process.pid >> 6) % 250}`;
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    await Promise.all(started.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const etcd = await DiscoveryEtcd.start(
      join(folder, "etcd"),
      [1, 2, 3].map((host) => `${block}.${host}`),
    );
    started.push(etcd);
    const kubernetes = await DiscoveryApiServer.start(join(folder, "kubernetes"), `${block}.9`);
    started.push(kubernetes);
    const patroni = new StandInPatroni(etcd.access(), SCOPE);
    started.push({ stop: async () => patroni.close() });
    return { etcd, kubernetes, patroni, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A watcher inside of this process, until it is stopped. */
export function startWatcher(
  { etcd, kubernetes }: DiscoveryRig,
  by: { readonly etcd?: readonly string[]; readonly kubernetes?: string } = {},
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const log = createLogger({}, { LOG_LEVEL: process.env.LOG_LEVEL ?? "silent" });
  const ended = discover(
    {
      scope: SCOPE,
      etcd: etcd.access(by.etcd && [...by.etcd]),
      kubernetes: kubernetes.access(by.kubernetes),
      services: { primary: "postgres-primary", replica: "postgres-replica" },
      postgresPort: 5432,
      host: "127.0.0.1",
      port: 0,
    },
    { log, signal: stopping.signal, progress: createProgress(log), print: () => undefined },
  );
  return {
    stop: async () => {
      stopping.abort(new Error("the test stops it"));
      await ended;
    },
  };
}
