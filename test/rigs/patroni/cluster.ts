import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CLOCKS,
  dynamicConfiguration,
  type Failover,
  POSTGRES,
  postgresNamespace,
  serverNames,
} from "../../../components/data/postgres";
import { haproxyConfig } from "../../../components/servers/edge";
import { SERVER_PORTS } from "../../../components/shared/address-plan";
import { hostOf } from "../../../components/shared/pods";
import { Patroni } from "../../../jobs/patroni";
import { haproxyFolder, type RunningHaproxy, startHaproxy } from "../edge/haproxy";
import { ETCD_PROGRAMS, EtcdCluster, MEMBERS, PATRONI_PASSWORD } from "../etcd/cluster";
import { type Authority, createAuthority } from "../pki/certificates";
import { eventually } from "../waiting";
import type { ArchiveOfTest } from "./archive";
import { endLeftMembers, MEMBER_MEMORY_MIB, PatroniMember } from "./member";
import { NameServer } from "./name-server";
import { copyPackages } from "./packages";
import { NAME_SERVER } from "./pod";

/** What this machine must have to run a cluster from its rendered files; and the caller must be root. */
export const PATRONI_PROGRAMS = [
  ...ETCD_PROGRAMS,
  "patroni",
  "initdb",
  "haproxy",
  "iptables",
  "unshare",
  "setpriv",
];

/** The members' own addresses, apart from those of the servers: so traffic among members is told from that of clients. */
const PODS = ["127.0.1.11", "127.0.1.12", "127.0.1.13"] as const;

export interface PatroniClusterOptions {
  /** @default 3 */
  readonly members?: 1 | 3;
  /** Changes the rendered patroni.yml, for experiments alone. */
  readonly retouch?: (rendered: string) => string;
  /** Where the log is archived to. @default nowhere */
  readonly archive?: ArchiveOfTest;
  /** @default standard */
  readonly failover?: Failover;
  /** How long it may take until all have come up. @default 180_000 */
  readonly patienceMs?: number;
}

/** A member as Patroni's REST API tells of the cluster. */
interface ReportedMember {
  readonly name: string;
  readonly role: "leader" | "replica" | "sync_standby" | "quorum_standby";
  readonly state: string;
  /** The address that it announces for PostgreSQL. */
  readonly host?: string;
  readonly timeline?: number;
  readonly lag?: number | "unknown";
}

/**
 * etcd, Patroni with PostgreSQL, and HAProxy as in production, from the rendered files: three of each but HAProxy, on
 * the loopback addresses that stand for the servers. Each member listens at its NodePorts itself, since there is no
 * kube-proxy.
 */
export class PatroniCluster {
  readonly etcd: EtcdCluster;
  readonly members: readonly PatroniMember[];
  readonly authority: Authority;
  /** Resolves the members' names for the members, as DNS does in a cluster. */
  readonly names: NameServer;
  readonly passwords = { superuser: "superusers-password", rest: "rest-apis-password" };
  /** Where clients find the leader, and where its replicas. */
  readonly address = MEMBERS[0].address;
  readonly ports = { leader: SERVER_PORTS.postgresLeader, replicas: SERVER_PORTS.postgresReplicas };
  #failover: Failover;
  readonly #folder: string;
  #haproxy: RunningHaproxy | undefined;
  #haproxyFolder: ReturnType<typeof haproxyFolder> | undefined;

  private constructor(
    { etcd, names, folder }: { etcd: EtcdCluster; names: NameServer; folder: string },
    { members = 3, failover = "standard", retouch, archive }: PatroniClusterOptions,
  ) {
    this.#failover = failover;
    this.etcd = etcd;
    this.names = names;
    this.#folder = folder;
    this.authority = createAuthority("PostgreSQL of a test");
    const certificate = this.authority.issue({
      commonName: "postgres",
      names: serverNames("postgres"),
      addresses: MEMBERS.map(({ address }) => address), // the servers', never a pod's: those change
      usages: ["server", "client"],
    });
    this.members = PODS.slice(0, members).map(
      (address, ordinal) =>
        new PatroniMember({
          ordinal,
          address,
          folder,
          packages: join(folder, "packages"),
          etcd: {
            hosts: MEMBERS.map((each) => `${each.address}:2379`),
            authority: etcd.authority.cert,
            client: etcd.client(undefined),
            password: PATRONI_PASSWORD,
          },
          authority: this.authority.cert,
          certificate,
          passwords: this.passwords,
          synchronous: members > 1,
          failover,
          retouch,
          archive,
        }),
    );
  }

  static async start(options: PatroniClusterOptions = {}): Promise<PatroniCluster> {
    const etcd = await EtcdCluster.start();
    // From here on this run has the production addresses, and with them the members' groups, for itself.
    await endLeftMembers(MEMBERS.length);
    const folder = mkdtempSync(join(tmpdir(), "trellis-patroni-"));
    chmodSync(folder, 0o755);
    copyPackages(join(folder, "packages"));
    for (const script of ["trellis-patroni.py", "trellis-archive-gap.py"]) {
      copyFileSync(join("components/data/postgres/images/member", script), join(folder, script));
    }
    const names = await NameServer.start(
      NAME_SERVER,
      new Map(
        PODS.map((address, ordinal) => [
          `postgres-${ordinal}.${hostOf(POSTGRES.headless, postgresNamespace.name)}`,
          address,
        ]),
      ),
    );
    const cluster = new PatroniCluster({ etcd, names, folder }, options);
    try {
      for (const member of cluster.members) member.start();
      await cluster.#startHaproxy();
      await cluster.settled(options.patienceMs ?? 180_000);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw new Error("the cluster did not start", { cause: error });
    }
  }

  async #startHaproxy(): Promise<void> {
    const [server] = MEMBERS;
    this.#haproxyFolder = haproxyFolder({ "patroni-ca.pem": this.authority.cert });
    const { path } = this.#haproxyFolder;
    this.#haproxy = await startHaproxy(
      path,
      haproxyConfig({
        server: { ...server, memoryGb: 1 },
        servers: MEMBERS,
        apiServers: MEMBERS,
        postgres: { members: this.members.length, certificateAuthority: this.authority.cert },
        bind: { front: server.address },
        configurationDirectory: path,
        runtimeDirectory: path,
      }),
    );
  }

  get failover(): Failover {
    return this.#failover;
  }

  /** Gives the running cluster another lease, as the bootstrap job does after a change of the setting. */
  async changeFailover(failover: Failover): Promise<void> {
    const ca = join(this.#folder, "ca.crt");
    writeFileSync(ca, this.authority.cert);
    const leader = await this.settled();
    const patroni = new Patroni({
      url: `https://${MEMBERS[0].address}:${leader.ports.rest}`,
      authority: ca,
      user: "patroni",
      password: this.passwords.rest,
    });
    const wanted = dynamicConfiguration({
      ...{ memoryMib: MEMBER_MEMORY_MIB, synchronous: this.members.length > 1, failover },
    });
    if (!(await patroni.bringConfigurationTo(wanted))) throw new Error(`the lease is ${failover} already`);
    this.#failover = failover;
    await eventually(
      "the leader has a lease of the new length",
      60_000,
      async () => (await this.#grantedTtl()) === CLOCKS[failover].ttl,
    );
  }

  /** Seconds of the leader's lease, as etcd granted it. */
  async #grantedTtl(): Promise<number> {
    const leader = await this.etcd.root("get", "/service/trellis/leader", "--write-out=json");
    const [, lease = "0"] = /"lease":(\d+)/.exec(leader.stdout) ?? []; // too long for a number of JSON
    const granted = await this.etcd.root(
      "lease",
      "timetolive",
      BigInt(lease).toString(16),
      "--write-out=json",
    );
    return JSON.parse(granted.stdout)["granted-ttl"];
  }

  /** What the cluster says of itself: the first answer of a member that runs. */
  async reported(): Promise<readonly ReportedMember[]> {
    for (const member of this.members) {
      const { status, text } = await member.ask("/cluster");
      if (status === 200) {
        // The shape is Patroni's, of which only these fields are read.
        return (JSON.parse(text) as { members: ReportedMember[] }).members;
      }
    }
    return [];
  }

  /** The member that leads, by its own word; undefined while none does. */
  async leader(): Promise<PatroniMember | undefined> {
    const answers = await Promise.all(this.members.map((member) => member.ask("/primary")));
    return this.members.find((_, index) => answers[index]?.status === 200);
  }

  async replicas(): Promise<readonly PatroniMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  /** Until one leads, all others stream from it on its timeline, commits wait for them, and HAProxy knows. */
  async settled(limitMs = 90_000): Promise<PatroniMember> {
    let seen = "";
    try {
      await eventually("a settled cluster", limitMs, async () => {
        seen = await this.#unrest();
        return seen === "";
      });
    } catch (error) {
      const logs = this.members.map(({ name, log }) => `${name}:\n${lastWords(log)}`);
      throw new Error(`${seen}\n${logs.join("\n")}`, { cause: error });
    }
    const leader = await this.leader();
    if (!leader) throw new Error("a settled cluster lost its leader at once");
    return leader;
  }

  /** What still keeps the cluster from being settled; empty when nothing does. */
  async #unrest(): Promise<string> {
    const reported = await this.reported();
    const leader = reported.find(({ role, state }) => role === "leader" && state === "running");
    if (!leader) return `no leader runs: ${JSON.stringify(reported)}`;
    const followers = reported.filter((member) => member !== leader);
    if (followers.length !== this.members.length - 1)
      return `members are missing: ${JSON.stringify(reported)}`;
    const behind = followers.find(
      ({ role, state, timeline, lag }) =>
        role !== "quorum_standby" ||
        state !== "streaming" ||
        timeline !== leader.timeline ||
        lag === "unknown",
    );
    if (behind) return `${behind.name} is no synchronous replica yet: ${JSON.stringify(reported)}`;
    const backends = (await this.#haproxy?.ask("show stat -1 4 -1")) ?? "";
    const up = (backend: string) =>
      backends
        .split("\n")
        .filter((line) => line.startsWith(`${backend},`) && line.includes("-by-"))
        .filter((line) => /,UP,/.test(line))
        .map((line) => line.split(",")[1] ?? "");
    const leaders = new Set(up("postgres-leader").map((server) => server.split("-by-")[0]));
    if (leaders.size !== 1 || !leaders.has(leader.name))
      return `HAProxy leads to ${[...leaders].join(" and ")}`;
    const readers = new Set(up("postgres-replicas").map((server) => server.split("-by-")[0]));
    return readers.size === followers.length ? "" : `HAProxy reads from ${[...readers].join(" and ")}`;
  }

  async switchover(leader: PatroniMember, candidate: PatroniMember): Promise<void> {
    const body = { leader: leader.name, candidate: candidate.name };
    const { status, text } = await leader.ask("/switchover", { method: "POST", body, patienceMs: 60_000 });
    if (status !== 200) throw new Error(`the switchover failed: ${text}`);
  }

  /** Runs SQL as the superuser, by the leader's socket: from the network nobody may. */
  psql(member: PatroniMember, sql: string): string {
    return execFileSync(
      "setpriv",
      [
        ...["--reuid", "postgres", "--regid", String(member.group), "--clear-groups"],
        ...["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"],
        ...[
          "--host",
          member.socketDirectory,
          "--port",
          String(member.ports.postgres),
          "--dbname",
          "postgres",
        ],
        ...["--command", sql],
      ],
      { encoding: "utf8", cwd: "/" },
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await this.#haproxy?.stop();
    this.#haproxyFolder?.remove();
    await this.names.stop();
    await this.etcd.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The end of a member's log, and the last exception in it with its trace. */
function lastWords(log: string): string {
  const lines = log.split("\n");
  const exception = lines.findLast((line) => line.includes("Traceback"))?.replaceAll("\\n", "\n");
  return [...(exception ? [exception] : []), ...lines.slice(-12)].join("\n");
}
