import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import pg from "pg";
import { unprivilegedUser } from "../../../cli/start/services";
import { metricsToken } from "../../../components/data/minio/metrics-token";
import { ensureBatchTables } from "../../../jobs/datasurface/ingest";
import type { Platform as ModelPlatform } from "../../../jobs/datasurface/model";
import { ETCD_FILES, type Platform } from "../../../jobs/operations";
import { openReaders, type Readers, type ReadersArgs } from "../../../jobs/operations/readers";
import { type Report, reportOf, runChecks } from "../../../jobs/operations/run";
import { migrateRain } from "../../../jobs/rain/store";
import { withDatabase } from "../../../jobs/shared";
import { DiscoveryApiServer } from "../discovery/api-server";
import { DiscoveryEtcd } from "../discovery/etcd";
import { type SingleMinio, startSingleMinio } from "../minio/single";
import { type AnsweredMember, startClusterAnswer } from "../patroni/cluster-answer";
import { type Authority, createAuthority } from "../pki/certificates";
import { PASSWORD, type PostgresServer, STREAMING, startPostgres } from "../postgres/postgres";
import { eventually } from "../waiting";
import { ClusterWriter, HISTORY } from "./kubernetes";
import { createObjects, LEADER_ADDRESS, NAMESPACES, NODES } from "./objects";
import { Distortion } from "./stand-in";
import { answerWell, backupMetrics, StandIns } from "./stand-ins";

export const OPERATIONS_PROGRAMS = [
  ...["etcd", "etcdctl", "kube-apiserver", "kubectl", "minio", "openssl"],
  ...["initdb", "pg_basebackup"],
];

const DATABASES = ["merge", "rain", "airflow_db"];
export const NO_ARCHIVE = "no-archive";
const STREAM = { platform: "Live", stream: "Store#customers" };

/** All programs that the checks read, started once: real ones, and stand-ins for those that cannot run here. */
export class OperationsRig {
  readonly authority: Authority = createAuthority("the platform");
  readonly folder = mkdtempSync(join(tmpdir(), "trellis-health-"));
  readonly #started: { stop(): Promise<void> }[] = [];
  etcd!: DiscoveryEtcd;
  server!: DiscoveryApiServer;
  cluster!: ClusterWriter;
  primary!: PostgresServer;
  standby!: PostgresServer;
  minio!: SingleMinio;
  /** Before the third member of etcd, and before MinIO. */
  etcdProxy!: Distortion;
  minioProxy!: Distortion;
  standIns!: StandIns;
  /** Folder that PostgreSQL reads; the file `NO_ARCHIVE` in it makes archiving fail. */
  postgresHome = "";
  /** A server whose certificate ends this week. */
  shortLived = { host: "127.0.0.1", port: 0 };
  members: AnsweredMember[] = wellMembers();
  paused = false;
  args!: ReadersArgs;
  platform!: Platform;

  static async start(): Promise<OperationsRig> {
    const rig = new OperationsRig();
    try {
      await Promise.all([rig.#kubernetes(), rig.#etcd(), rig.#postgres(), rig.#objects(), rig.#stands()]);
      await rig.#describe();
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  /** Runs all checks as the job does, in this process. */
  async examine(change: Change = {}): Promise<Report> {
    const platform = { ...this.platform, ...change.platform };
    const ended = new AbortController();
    const readers = openReaders(
      { ...this.args, patroni: platform.postgres.patroni, prometheus: platform.prometheus, ...change.args },
      ended.signal,
    );
    const started = performance.now();
    try {
      const later = change.minutesLater ?? 0;
      const shifted: Readers = { ...readers, now: () => Date.now() + later * 60_000 };
      const results = await runChecks({ readers: shifted, platform, deadlineSeconds: 25 });
      return reportOf(results, new Date(), (performance.now() - started) / 1000);
    } finally {
      ended.abort();
      await readers.close();
    }
  }

  /** What the pod of the checks is given. */
  environment(platform: Partial<Platform> = {}): Record<string, string> {
    const file = (name: string, content: string) => {
      writeFileSync(join(this.folder, name), content);
      return join(this.folder, name);
    };
    const logins = join(this.folder, "logins");
    mkdirSync(logins, { recursive: true });
    for (const [name, login] of Object.entries(this.args.logins)) {
      const { user, password, host, port, database } = login;
      const url = `postgres://${user}:${password}@${host}:${port}/${database}?sslmode=verify-ca`;
      writeFileSync(join(logins, name), url);
    }
    const etcd = this.#etcdCertificate();
    file(ETCD_FILES.authority, etcd.authority);
    file(ETCD_FILES.certificate, etcd.cert);
    file(ETCD_FILES.key, etcd.key);
    return {
      OPERATIONS_ETCD: this.folder,
      OPERATIONS_PLATFORM: file("platform.json", JSON.stringify({ ...this.platform, ...platform })),
      OPERATIONS_CACERT: this.args.authorities?.file ?? "",
      OPERATIONS_LOGINS: logins,
      OPERATIONS_OBJECTS_TOKEN: file("objects-token", this.args.objectsToken ?? ""),
      OPERATIONS_HISTORY: HISTORY,
      KUBERNETES_API: this.args.kubernetes?.server ?? "",
      SERVICE_ACCOUNT_FOLDER: this.args.kubernetes?.serviceAccount ?? "",
    };
  }

  async sql(database: string, ...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: this.primary.url(database) });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #keep<T extends { stop(): Promise<void> }>(started: T): T {
    this.#started.push(started);
    return started;
  }

  readonly #block = `127.${64 + (process.pid % 60)}.${(process.pid >> 6) % 250}`;

  async #kubernetes(): Promise<void> {
    this.server = this.#keep(
      await DiscoveryApiServer.start(join(this.folder, "kubernetes"), `${this.#block}.29`),
    );
    this.cluster = new ClusterWriter(this.server);
    this.#keep({ stop: async () => this.cluster.close() });
    await createObjects(this.cluster);
  }

  async #etcd(): Promise<void> {
    const addresses = [21, 22, 23].map((host) => `${this.#block}.${host}`);
    this.etcd = this.#keep(await DiscoveryEtcd.start(join(this.folder, "etcd"), addresses));
    this.etcdProxy = this.#keep(await new Distortion(() => this.etcd.metricsUrl(2)).start());
  }

  async #postgres(): Promise<void> {
    const { cert, key } = this.authority.issue({ addresses: ["127.0.0.1"], usages: ["server"] });
    const home = mkdtempSync(join(tmpdir(), "trellis-health-tls-"));
    const { uid = 0, gid = 0 } = unprivilegedUser();
    this.#keep({ stop: async () => rmSync(home, { recursive: true, force: true }) });
    chownSync(home, uid, gid);
    this.postgresHome = home;
    for (const [name, text] of Object.entries({ "server.crt": cert, "server.key": key })) {
      writeFileSync(join(home, name), text, { mode: 0o600 });
      chownSync(join(home, name), uid, gid);
    }
    chmodSync(home, 0o700);
    const settings = {
      ...{
        ...STREAMING,
        archive_mode: "on",
        archive_command: `test ! -e ${join(home, NO_ARCHIVE)}`,
        max_connections: "40",
      },
      ...{ ssl: "on", ssl_cert_file: join(home, "server.crt"), ssl_key_file: join(home, "server.key") },
    };
    this.primary = this.#keep(await startPostgres({ release: "debian", settings }));
    for (const name of DATABASES) await this.sql("postgres", `CREATE DATABASE ${name}`);
    await this.#fill();
    this.standby = this.#keep(await startPostgres({ release: "debian", settings, standbyOf: this.primary }));
  }

  async #fill(): Promise<void> {
    const address = (database: string) => ({ ...this.#login(database), sslmode: "disable" as const });
    const as = { purpose: "the test", applicationName: "test" };
    await withDatabase(address("merge"), as, async (merge) => {
      // Safe: the tables depend on the platform's name alone.
      await ensureBatchTables(merge, { name: STREAM.platform } as ModelPlatform);
    });
    await this.sql(
      "merge",
      `INSERT INTO live_batch_metrics (key, batch_id, batch_status, batch_end_time, state)
       VALUES ('${STREAM.stream}', 1, 'committed', now(), '{}')`,
    );
    await withDatabase(address("rain"), as, migrateRain);
    await this.sql(
      "rain",
      "INSERT INTO source_file (digest, source, name, bytes) VALUES (repeat('a', 64), 'workbook', 'test', 1)",
      "INSERT INTO import_run (subject, source, file, parser_version, status, finished_at) VALUES ('workbook:2026', 'workbook', 1, 1, 'completed', now())",
      "INSERT INTO gauge (id) VALUES ('59700')",
      "INSERT INTO month_summary VALUES ('59700', '2026-09-01', 1, 10, 20, 0, 1, '2026-09-01', '2026-09-30')",
      "INSERT INTO water_year_summary VALUES ('59700', 2026, 1, 100, 265, 0, 1, '2025-10-01', '2026-09-30')",
    );
    // Airflow's own table, as far as the check reads it.
    await this.sql("airflow_db", "CREATE TABLE dag_run (dag_id text, state text, end_date timestamptz)");
  }

  async #objects(): Promise<void> {
    this.minio = this.#keep(await startSingleMinio());
    await this.minio.makeBucket("backups");
    this.minioProxy = this.#keep(await new Distortion(() => this.minio.address("backups").endpoint).start());
    const { accessKey, secretKey, endpoint } = this.minio.address("backups");
    const authorization = `Bearer ${metricsToken(accessKey, secretKey)}`;
    await eventually("MinIO has counted its buckets", 90_000, async () => {
      const answer = await fetch(`${endpoint}/minio/v2/metrics/cluster`, { headers: { authorization } });
      return (await answer.text()).includes("minio_cluster_bucket_total");
    });
  }

  async #stands(): Promise<void> {
    this.standIns = this.#keep(await StandIns.start());
    const pair = this.authority.issue({ addresses: ["127.0.0.1"], usages: ["server"], days: 4 });
    const server = createServer(pair, (socket) => socket.destroy());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo; // it listens on a TCP port
    this.shortLived = { host: "127.0.0.1", port };
    this.#keep({ stop: async () => void server.close() });
  }

  async #describe(): Promise<void> {
    answerWell(this.standIns);
    this.standIns.backups.answer("/metrics", backupMetrics());
    const patroni = this.#keep(
      await startClusterAnswer(
        this.authority,
        () => this.members,
        () => this.paused,
      ),
    );
    const file = join(this.folder, "ca.crt");
    writeFileSync(file, this.authority.cert);
    const { accessKey, secretKey } = this.minio.address("backups");
    this.args = {
      kubernetes: await this.cluster.access(),
      authorities: { file, certificates: this.authority.cert },
      etcd: this.#etcdCertificate(),
      logins: {
        platform: this.#login("postgres"),
        merge: this.#login("merge"),
        rain: this.#login("rain"),
        airflow: this.#login("airflow_db"),
      },
      patroni: patroni.url,
      prometheus: this.standIns.prometheus.url(),
      objectsToken: metricsToken(accessKey, secretKey),
    };
    const { airflow, rain, gardenos, archive, mirror, backups, prometheus, port } = this.standIns;
    const host = "127.0.0.1";
    const member = (index: number, metrics = `https://${this.#block}.${21 + index}:2379`) => ({
      name: `m${index}`,
      metrics,
      client: { host: `${this.#block}.${21 + index}`, port: 2379 },
    });
    this.platform = {
      environment: "prod",
      kubernetes: {
        nodes: [...NODES],
        apiServers: [`https://${this.server.address}:6443`],
        namespaces: [...NAMESPACES],
      },
      entrance: { host: this.server.address, port: 6443 },
      etcd: { members: [member(0), member(1), member(2, this.etcdProxy.url)], snapshotEveryHours: 6 },
      postgres: {
        namespace: "postgres",
        patroni: patroni.url,
        members: 3,
        synchronous: true,
        primary: { host, port: this.primary.port },
        replica: { host, port: this.standby.port },
        primaryService: "postgres-primary",
        databases: [...DATABASES],
        archive: archive.url("/metrics"),
      },
      objects: { url: this.minioProxy.url, kind: "minio", buckets: 1 },
      backups: {
        namespace: "postgres",
        metrics: backups.url("/metrics"),
        maxAgeHours: 26,
        offsite: true,
        cronJobs: ["backup-create"],
      },
      mirror: mirror.url("/metrics"),
      airflow: { url: airflow.url() },
      streams: { list: [STREAM], maxLagHours: 26 },
      rain: { url: rain.url("/health"), maxImportAgeHours: 48 },
      gardenos: { auth: gardenos.url("/auth"), rest: gardenos.url("/rest") },
      prometheus: prometheus.url(),
      forbidden: { namespace: "airflow", service: "closed", host, port: port.number },
      pins: [{ name: "k3s", supportedUntil: "2099-01-01" }],
    };
    await eventually(
      "the standby streams",
      30_000,
      async () => (await this.examine()).score === 100 || undefined,
      200,
    ).catch(async (error: unknown) => {
      const { checks } = await this.examine();
      const ill = checks
        .filter(({ outcome }) => outcome !== "ok")
        .map(({ id, outcome, detail }) => `${id}: ${outcome}, ${detail}`);
      throw new Error(`the healthy platform is not healthy\n${ill.join("\n")}`, { cause: error });
    });
  }

  #etcdCertificate() {
    const { authority, certificate, key } = this.etcd.access();
    const read = (path: string) => readFileSync(path, "utf8");
    return { authority: read(authority), cert: read(certificate), key: read(key) };
  }

  #login(database: string) {
    return {
      ...{ host: "127.0.0.1", port: this.primary.port, database, user: "postgres", password: PASSWORD },
      ...{ sslmode: "verify-ca" as const, certificateAuthority: this.authority.cert },
    };
  }
}

/** What a fault changes besides the programs. */
export interface Change {
  readonly platform?: Partial<Platform>;
  readonly args?: Partial<ReadersArgs>;
  readonly minutesLater?: number;
}

export const wellMembers = (): AnsweredMember[] => [
  { name: "postgres-0", role: "leader", state: "running", port: 5432, host: LEADER_ADDRESS },
  { name: "postgres-1", role: "quorum_standby", state: "streaming", port: 5432, host: "10.42.0.11", lag: 0 },
  { name: "postgres-2", role: "replica", state: "streaming", port: 5432, host: "10.42.0.12", lag: 0 },
];
