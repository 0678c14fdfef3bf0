import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EtcdArgs,
  etcdPart,
  K3S_USER,
  PEER_COMMON_NAME,
  ROOT_USER,
} from "../../../components/servers/etcd";
import { holdProductionAddresses } from "../cli/lock";
import { type Authority, createAuthority, type KeyPair } from "../pki/certificates";
import { program } from "../programs";
import { eventually } from "../waiting";
import { EtcdMachine, type Outcome } from "./machine";

const FOLDER_PREFIX = "trellis-etcd-";

/** What this machine must have to run members of etcd from their rendered part. */
export const ETCD_PROGRAMS = [
  "etcd",
  "etcdctl",
  "etcdutl",
  "age",
  "curl",
  "jq",
  "openssl",
  "ssh-keygen",
  "zstd",
];

export const MEMBERS = [
  { name: "ubuntu-8gb-hil-1", address: "127.0.0.11" },
  { name: "ubuntu-8gb-hil-2", address: "127.0.0.12" },
  { name: "ubuntu-8gb-ash-1", address: "127.0.0.13" },
] as const;

export const PATRONI_PASSWORD = "patronis0password";

interface EtcdClusterOptions {
  readonly historySeconds?: number;
  readonly store?: EtcdArgs["snapshots"]["store"];
}

/** Three members at the addresses and ports of production, each from its own rendered part. */
export class EtcdCluster {
  readonly authority: Authority = createAuthority("etcd of a test");
  readonly machines: [EtcdMachine, EtcdMachine, EtcdMachine];
  readonly #folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  readonly #release: () => Promise<void>;
  readonly #snapshotKey: EtcdArgs["snapshots"]["key"];
  readonly #options: EtcdClusterOptions;

  private constructor(options: EtcdClusterOptions, release: () => Promise<void>) {
    this.#options = options;
    this.#release = release;
    this.#snapshotKey = ed25519Key(this.#folder);
    this.machines = [this.#machine(0, false), this.#machine(1, false), this.#machine(2, false)];
  }

  static async start(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    const release = await holdProductionAddresses();
    endLeftovers();
    const cluster = new EtcdCluster(options, release);
    try {
      await Promise.all(cluster.machines.map((machine) => machine.powerOn()));
      await cluster.settled();
      return cluster;
    } catch (error) {
      const logs = cluster.machines.map((machine) => machine.log.split("\n").slice(-12).join("\n"));
      await cluster.stop();
      throw new Error(`the cluster did not start\n${logs.join("\n\n")}`, { cause: error });
    }
  }

  /** Puts a new machine in a member's place, with an empty disk and a part that knows that it replaces another. */
  async replace(index: 0 | 1 | 2): Promise<EtcdMachine> {
    await this.machines[index].powerOff();
    this.machines[index].loseDisk();
    this.machines[index] = this.#machine(index, true);
    return this.machines[index];
  }

  #machine(index: 0 | 1 | 2, replaced: boolean): EtcdMachine {
    const member = MEMBERS[index];
    const root = join(this.#folder, member.name);
    const server = {
      commonName: member.name,
      addresses: [member.address, "127.0.0.1"],
      usages: ["server", "client"],
    } as const;
    const part = etcdPart({
      cluster: "test",
      node: member.name,
      members: MEMBERS,
      architecture: "amd64",
      replaced,
      roundTripMs: 1,
      quotaGib: 1,
      metricsAddress: member.address,
      certificates: {
        authority: this.authority.cert,
        server: this.authority.issue(server),
        peer: this.authority.issue({ ...server, commonName: PEER_COMMON_NAME }),
        root: this.authority.issue({ commonName: ROOT_USER, usages: ["client"] }),
      },
      patroniPassword: PATRONI_PASSWORD,
      snapshots: {
        everyHours: 6,
        keepDays: 30,
        key: this.#snapshotKey,
        ...(this.#options.store && { store: this.#options.store }),
      },
      ...(this.#options.historySeconds !== undefined && { historySeconds: this.#options.historySeconds }),
      root,
    });
    return new EtcdMachine(root, member.address, part);
  }

  /** Until all members are healthy, and each has found access as it should be. */
  async settled(): Promise<void> {
    await eventually("three healthy members with access restricted", 60_000, async () => {
      const health = await this.root("endpoint", "health");
      const auth = await this.root("auth", "status");
      return (
        health.code === 0 &&
        auth.stdout.includes("Status: true") &&
        this.machines.every((machine) => machine.hasFinished("etcd-access.service"))
      );
    });
  }

  /** etcdctl with a certificate for the given common name, or with one of nobody. */
  async as(commonName: string | undefined, ...words: string[]): Promise<Outcome> {
    return this.with(this.client(commonName), ...words);
  }

  readonly root = (...words: string[]) => this.as(ROOT_USER, ...words);
  readonly k3s = (...words: string[]) => this.as(K3S_USER, ...words);

  readonly #clients = new Map<string, KeyPair>();

  client(commonName: string | undefined): KeyPair {
    const known = this.#clients.get(commonName ?? "");
    if (known) return known;
    const client = this.authority.issue({
      ...(commonName !== undefined && { commonName }),
      usages: ["client"],
    });
    this.#clients.set(commonName ?? "", client);
    return client;
  }

  with(pair: KeyPair, ...words: string[]): Promise<Outcome> {
    const folder = mkdtempSync(join(this.#folder, "client-"));
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    const line = [
      ...["--endpoints", this.endpoints.join(",")],
      ...["--cacert", file("ca.crt", this.authority.cert)],
      ...["--cert", file("client.crt", pair.cert), "--key", file("client.key", pair.key)],
      ...words,
    ];
    return new Promise((resolve) => {
      const child = execFile(program("etcdctl"), line, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        rmSync(folder, { recursive: true, force: true });
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
      child.stdin?.end();
    });
  }

  get endpoints(): string[] {
    return MEMBERS.map(({ address }) => `https://${address}:2379`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.powerOff()));
    rmSync(this.#folder, { recursive: true, force: true });
    await this.#release();
  }
}

/**
 * Ends members that a run left behind when it was killed. Whoever holds the production addresses is alone there, so that
 * any member of a test is a leftover.
 */
function endLeftovers(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (command.includes(`--config-file=${join(tmpdir(), FOLDER_PREFIX)}`))
        process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}

function ed25519Key(folder: string): { readonly publicKey: string; readonly privateKey: string } {
  const path = join(folder, "snapshot-key");
  execFileSync(program("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-C", "snapshots", "-f", path]);
  return { publicKey: readFileSync(`${path}.pub`, "utf8"), privateKey: readFileSync(path, "utf8") };
}
