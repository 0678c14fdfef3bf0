import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { bundleJobs } from "../jobs/bundle";
import { NAMESPACE, type Sighting } from "../test/rigs/discovery/api-server";
import {
  addressOf,
  type DiscoveryRig,
  MEMBERS,
  SCOPE,
  startDiscoveryRig,
} from "../test/rigs/discovery/discovery";
import { eventually } from "../test/rigs/waiting";

/**
 * Measures how fast the Service follows a leader change: from just before the key is written until another client of
 * the API server receives the new EndpointSlice. Uses a real etcd (three members, TLS, roles), a real API server, and
 * watchers that run as in their pods.
 */
const GOAL_MS = 500;
const OLD_INTERVAL_MS = 10_000;

export default async function discovery(argv: string[]): Promise<void> {
  const changes = Number(argv[0] ?? 300);
  const oldChanges = Number(argv[1] ?? 5);
  if (!(changes > 0) || !(oldChanges >= 0)) {
    throw new Error("usage: npm run bench -- discovery [changes] [changes of the old sidecar]");
  }
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-discovery-"));
  const rig = await startDiscoveryRig();
  const watchers: ChildProcess[] = [];
  try {
    const program = await bundleJobs(folder);
    for (const member of MEMBERS) await rig.patroni.join(member, addressOf(member));
    const sightings = new Sightings();
    const end = await rig.kubernetes.watch((sighting) => sightings.add(sighting));

    console.log(
      `milliseconds from a leader's key to the Service that leads to it; goal: p99 under ${GOAL_MS}\n`,
    );
    watchers.push(startWatcher(program, rig));
    await follow(rig, sightings, 1);
    report("one watcher", await measure(rig, sightings, changes));
    watchers.push(startWatcher(program, rig));
    await wait(2_000); // until the second watcher has read everything too; no slice shows this
    report("two watchers", await measure(rig, sightings, changes));
    report("two, after bursts of 20 changes", await measure(rig, sightings, Math.ceil(changes / 10), 20));
    const memory = watchers.map(({ pid }) => memoryOf(pid));
    console.log(
      `\nmemory of a watcher: ${memory.map(({ work, whole }) => `${work} MiB (${whole} with its supervisor)`).join("; ")}`,
    );
    await Promise.all(watchers.splice(0).map(stop));
    end();

    if (oldChanges > 0) report("old sidecar, every 10 s", await measureOld(rig, oldChanges));
  } finally {
    await Promise.all(watchers.map(stop));
    await rig.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Records when the primary's slice pointed to which address. */
class Sightings {
  #all: { readonly at: number; readonly address: string }[] = [];

  add({ at, slice }: Sighting): void {
    if (slice.metadata.name !== "postgres-primary") return;
    this.#all.push({ at, address: slice.endpoints?.[0]?.addresses[0] ?? "" });
  }

  forget(): void {
    this.#all = [];
  }

  of(member: string): number | undefined {
    return this.#all.find(({ address }) => address === addressOf(member))?.at;
  }
}

async function measure(
  rig: DiscoveryRig,
  sightings: Sightings,
  changes: number,
  burst = 1,
): Promise<number[]> {
  const delays: number[] = [];
  for (let change = 0; change < changes; change++) delays.push(await follow(rig, sightings, burst, change));
  return delays;
}

/** One leader change, or the last one of a burst that etcd receives as fast as it can. */
async function follow(rig: DiscoveryRig, sightings: Sightings, burst: number, turn = 0): Promise<number> {
  for (let count = 1; count < burst; count++) await rig.patroni.lead(MEMBERS[count % 2] ?? "");
  await rig.patroni.release();
  const member = MEMBERS[burst > 1 ? 2 : turn % 3] ?? "";
  sightings.forget();
  const from = performance.now();
  await rig.patroni.put("leader", member);
  return (await eventually("the new leader", 30_000, () => sightings.of(member), 1)) - from;
}

function report(name: string, delays: readonly number[]): void {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(0).padStart(6);
  console.log(
    `${name.padEnd(34)} p50 ${at(0.5)}  p99 ${at(0.99)}  worst ${at(1)}  (${sorted.length} changes)`,
  );
}

function startWatcher(program: string, { etcd, kubernetes }: DiscoveryRig): ChildProcess {
  const { endpoints, authority, certificate, key, password } = etcd.access();
  const { server, serviceAccount } = kubernetes.access();
  return spawn(process.execPath, [program, "postgres", "discover"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      PATH: process.env.PATH,
      LOG_LEVEL: "error",
      PATRONI_SCOPE: SCOPE,
      ETCD_ENDPOINTS: endpoints.join(),
      ETCD_CACERT: authority,
      ETCD_CERT: certificate,
      ETCD_KEY: key,
      ETCD_PASSWORD: password,
      KUBERNETES_API: server,
      SERVICE_ACCOUNT_FOLDER: serviceAccount,
      NAMESPACE,
      DISCOVERY_HOST: "127.0.0.1",
      DISCOVERY_PORT: "0",
    },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/**
 * Resident memory of the worker process, and the memory of worker and supervisor together without counting shared pages
 * twice.
 */
function memoryOf(pid: number | undefined) {
  const worker = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0];
  const figure = (of: string | number | undefined, file: string, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${of}/${file}`, "utf8"))?.[1]) /
    1024;
  return {
    work: Math.round(figure(worker, "status", "VmRSS")),
    whole: Math.round(figure(worker, "smaps_rollup", "Pss") + figure(pid, "smaps_rollup", "Pss")),
  };
}

/** The old method: every ten seconds, a script queries the leader and patches the Service's addresses with kubectl. */
async function measureOld(rig: DiscoveryRig, changes: number): Promise<number[]> {
  const delays: number[] = [];
  let leader = "";
  let published = "";
  const poll = setInterval(() => {
    const endpoints = JSON.stringify([
      { op: "replace", path: "/endpoints", value: [{ addresses: [addressOf(leader)] }] },
    ]);
    rig.kubernetes.kubectl(
      "-n",
      NAMESPACE,
      "patch",
      "endpointslice",
      "postgres-primary",
      "--type=json",
      "-p",
      endpoints,
    );
    published = leader;
  }, OLD_INTERVAL_MS);
  try {
    for (let change = 0; change < changes; change++) {
      await wait(Math.random() * OLD_INTERVAL_MS); // a leader fails at any time
      leader = MEMBERS[change % 3] ?? "";
      const from = performance.now();
      await eventually("the poll", 30_000, () => published === leader, 20);
      delays.push(performance.now() - from);
    }
  } finally {
    clearInterval(poll);
  }
  return delays;
}
