import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { minioNamespace } from "../../../components/data/minio";
import { MINIO } from "../../../components/data/minio/names";
import type { DriveLayout } from "../../../components/settings";
import { hostOf } from "../../../components/shared/pods";
import { Child } from "../child";
import { type JobRun, runJob } from "../jobs/run-job";
import { CONTAINER, writeSecretVolume } from "../pod-on-loopback";
import { program } from "../programs";
import { eventually } from "../waiting";
import { type MinioSettings, type RenderedContainer, type RenderedMinio, renderMinio } from "./rendered";

export const MINIO_IN_CLUSTER_PROGRAMS = ["minio", "unshare", "mount", "chroot", "curl", "openssl"] as const;

/** The user of the pods. */
const USER = 1000;

const START_LIMIT_MS = 180_000;

/** Who asks: an application, root, or nobody. */
interface Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * The servers of object storage as their pods would run them: rendered arguments, environment and certificates, an
 * ordinary user on a root file system that is read-only, with its drives at their places, names from its own /etc/hosts.
 * Only the address to listen on is each server's own one on loopback, since all share this machine.
 */
export class MinioInCluster {
  readonly #home = mkdtempSync(join(tmpdir(), "trellis-minio-pods-"));
  readonly #servers: (Child | undefined)[] = [];

  private constructor(
    readonly layout: DriveLayout,
    readonly rendered: RenderedMinio,
    /** The first three numbers of the servers' addresses. */
    readonly network: string,
  ) {}

  static async start(layout: DriveLayout, network: string): Promise<MinioInCluster> {
    const cluster = new MinioInCluster(layout, await renderMinio(layout), network);
    try {
      cluster.#write("hosts", `127.0.0.1 localhost\n${cluster.#hosts().join("\n")}\n`);
      cluster.#write("ca.crt", cluster.authority);
      for (const pod of cluster.pods) cluster.#prepare(pod);
      for (const pod of cluster.pods) cluster.start(pod);
      await cluster.ready();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get pods(): number[] {
    return Array.from({ length: this.layout.pods }, (_, pod) => pod);
  }

  get root(): Keys {
    const { MINIO_ROOT_USER = "", MINIO_ROOT_PASSWORD = "" } = this.rendered.secrets[MINIO.rootSecret] ?? {};
    return { accessKey: MINIO_ROOT_USER, secretKey: MINIO_ROOT_PASSWORD };
  }

  get authority(): string {
    return this.rendered.secrets[MINIO.authoritySecret]?.["ca.crt"] ?? "";
  }

  keysOf(application: string): Keys {
    const accessKey = `trellis-${application}`;
    return { accessKey, secretKey: this.rendered.secretKeys[accessKey] ?? "" };
  }

  address(pod: number): string {
    return `${this.network}.${11 + pod}`;
  }

  start(pod: number): void {
    const { args, env } = this.rendered.server;
    const own = args.map((each) => (/^:\d+$/.test(each) ? `${this.address(pod)}${each}` : each));
    const variables = Object.entries({
      ...this.environmentOf({ args, env }),
      // As in every pod; MinIO then waits for its peers' names. And which of them is its own, since all are loopback here.
      KUBERNETES_SERVICE_HOST: "10.43.0.1",
      _MINIO_SERVER_LOCAL: `${MINIO.statefulSet}-${pod}.${hostOf(MINIO.headless, minioNamespace.name)}:${MINIO.ports.api}`,
      GOMAXPROCS: "2",
    }).map(([name, value]) => `${name}=${value}`);
    this.#servers[pod] = new Child("unshare", [
      ...["--mount", "--propagation", "private", "sh", "-euc", CONTAINER, "sh"],
      ...[this.#home, `pod-${pod}`, String(this.layout.drivesPerPod), program("minio")],
      ...[...variables, program("chroot"), `--userspec=${USER}:${USER}`, `--groups=${USER}`, "/mnt"],
      ...["/minio", ...own],
    ]);
  }

  async kill(pod: number): Promise<void> {
    await this.#servers[pod]?.kill();
    this.#servers[pod] = undefined;
  }

  /** Until every server that runs sees all drives of those that run, and writes are taken if they can be. */
  async ready(): Promise<void> {
    const running = this.pods.filter((pod) => this.#servers[pod]);
    const expected = running.length * this.layout.drivesPerPod;
    for (const pod of running) {
      await eventually(
        `server ${pod} sees ${expected} drives\n${this.#servers.map((each) => each?.output ?? "").join("\n")}`,
        START_LIMIT_MS,
        async () => (await this.drivesOnline(pod)) === expected,
        300,
      );
    }
  }

  /** As a server itself says; undefined where it does not answer. */
  async drivesOnline(pod: number): Promise<number | undefined> {
    const { status, body } = await this.ask("GET", "/minio/admin/v3/info", { keys: this.root, pod });
    if (status !== 200) return undefined;
    const { servers = [] } = JSON.parse(body) as {
      servers?: { state: string; drives?: { state: string }[] }[];
    };
    return servers
      .filter(({ state }) => state === "online")
      .flatMap(({ drives = [] }) => drives.filter(({ state }) => state === "ok")).length;
  }

  /** One request by a client that is not ours: curl signs it, and believes our authority alone. */
  async ask(
    method: "GET" | "PUT" | "DELETE",
    path: string,
    { keys, pod = 0, body, token, origin, port = MINIO.ports.api }: AskArgs = {},
  ): Promise<Answer> {
    const host = hostOf(port === MINIO.ports.api ? MINIO.api : MINIO.console, minioNamespace.name);
    try {
      const { stdout } = await promisify(execFile)(program("curl"), [
        ...["--silent", "--show-error", "--max-time", "30", "--request", method],
        ...["--cacert", join(this.#home, "ca.crt"), "--resolve", `${host}:${port}:${this.address(pod)}`],
        ...(keys ? signedBy(keys, `${host}:${port}`, body ?? "") : []),
        ...(origin ? ["--include", "--header", `Origin: ${origin}`] : []),
        ...(token ? ["--header", `Authorization: Bearer ${token}`] : []),
        ...(body === undefined
          ? []
          : ["--data-binary", `@${this.#bodyFile(body)}`, "--header", "Content-Type: text/plain"]),
        ...["--write-out", "\n%{http_code}", `https://${host}:${port}${path}`],
      ]);
      const end = stdout.lastIndexOf("\n");
      return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
    } catch (error) {
      return { status: 0, body: String(error) };
    }
  }

  /** Runs the Job's container: its arguments and environment, with its mounted folders and names on this machine. */
  async provision(change: ProvisionChange = {}): Promise<JobRun> {
    const rendered = { ...this.rendered, ...change.rendered };
    const folder = mkdtempSync(join(this.#home, "job-"));
    const place = (path: string) => path.replace("/etc/trellis", folder);
    for (const each of ["specification", "keys", "minio"]) mkdirSync(join(folder, each));
    writeFileSync(join(folder, "specification", "specification.json"), rendered.specification);
    for (const [file, key] of Object.entries(rendered.secretKeys))
      writeFileSync(join(folder, "keys", file), key);
    writeFileSync(join(folder, "minio", "ca.crt"), this.authority);
    const environment = Object.fromEntries(
      Object.entries(this.environmentOf(rendered.provision)).map(([name, value]) => [name, place(value)]),
    );
    const names = { [hostOf(MINIO.api, minioNamespace.name)]: this.address(change.pod ?? 0) };
    return runJob(rendered.provision.args, {
      nodeFlags: ["--import", join(import.meta.dirname, "names-on-loopback.mjs")],
      environment: { ...environment, TEST_NAMES: JSON.stringify(names), ...change.environment },
    });
  }

  /** Puts another certificate into every pod, the way the kubelet does: one link changes, and all files with it. */
  renewCertificates(pair: { readonly cert: string; readonly key: string }): void {
    for (const pod of this.pods) this.#writeCertificates(pod, pair);
  }

  /** The certificate that a server shows. */
  shownBy(pod: number): string {
    const shown = execFileSync(
      program("openssl"),
      [
        ...["s_client", "-connect", `${this.address(pod)}:${MINIO.ports.api}`],
        ...["-servername", hostOf(MINIO.api, minioNamespace.name)],
      ],
      { input: "", stdio: ["pipe", "pipe", "ignore"], encoding: "utf8" },
    );
    return /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(shown)?.[0] ?? "";
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server?.kill()));
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** Values, and those of Secrets in their place. */
  environmentOf({ env }: RenderedContainer): Record<string, string> {
    return Object.fromEntries(
      env.map(({ name, value, valueFrom }) => {
        const secret = valueFrom && this.rendered.secrets[valueFrom.secretKeyRef.name];
        return [name, value ?? secret?.[valueFrom?.secretKeyRef.key ?? ""] ?? ""];
      }),
    );
  }

  #bodyFile(body: string | Buffer): string {
    const file = join(mkdtempSync(join(this.#home, "body-")), "body");
    writeFileSync(file, body);
    return file;
  }

  #hosts(): string[] {
    return this.pods.map(
      (pod) =>
        `${this.address(pod)} ${MINIO.statefulSet}-${pod}.${hostOf(MINIO.headless, minioNamespace.name)}`,
    );
  }

  #prepare(pod: number): void {
    for (let drive = 0; drive < this.layout.drivesPerPod; drive++) {
      const folder = join(this.#home, `pod-${pod}`, `drive-${drive}`);
      mkdirSync(folder, { recursive: true });
      chownSync(folder, USER, USER); // as fsGroup does
    }
    const secret = this.rendered.secrets[MINIO.certificateSecret];
    this.#writeCertificates(pod, { cert: secret?.["tls.crt"] ?? "", key: secret?.["tls.key"] ?? "" });
  }

  #writeCertificates(pod: number, { cert, key }: { readonly cert: string; readonly key: string }): void {
    const files = { "public.crt": cert, "private.key": key, "CAs/ca.crt": this.authority };
    writeSecretVolume(join(this.#home, `pod-${pod}`, "certs"), files, USER);
  }

  #write(name: string, content: string): void {
    writeFileSync(join(this.#home, name), content);
  }
}

/** What curl signs where it is told of it: the host with its port, and the digest of the body. */
function signedBy({ accessKey, secretKey }: Keys, host: string, body: string | Buffer): string[] {
  const digest = createHash("sha256").update(body).digest("hex");
  return [
    ...["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", `${accessKey}:${secretKey}`],
    ...["--header", `Host: ${host}`, "--header", `x-amz-content-sha256: ${digest}`],
  ];
}

interface AskArgs {
  readonly keys?: Keys;
  readonly pod?: number;
  readonly body?: string | Buffer;
  readonly token?: string;
  /** Asks as a page of this origin would; the answer then begins with its headers. */
  readonly origin?: string;
  readonly port?: number;
}

interface ProvisionChange {
  /** Settings of a later `up`. */
  readonly rendered?: Partial<Pick<RenderedMinio, "specification" | "secretKeys">>;
  readonly environment?: Readonly<Record<string, string>>;
  /** The server that the Service would lead to. */
  readonly pod?: number;
}

/** The same cluster's Secrets, with what other settings render: keys of an epoch that did not change stay. */
export async function renderedLater(
  before: RenderedMinio,
  layout: DriveLayout,
  settings: MinioSettings,
): Promise<Pick<RenderedMinio, "specification" | "secretKeys">> {
  const after = await renderMinio(layout, settings);
  const epochs = (specification: string) =>
    new Map(
      (JSON.parse(specification).users as { name: string; epoch: number }[]).map(({ name, epoch }) => [
        name,
        epoch,
      ]),
    );
  const [former, newer] = [epochs(before.specification), epochs(after.specification)];
  return {
    specification: after.specification,
    secretKeys: Object.fromEntries(
      Object.entries(after.secretKeys).map(([user, key]) => [
        user,
        former.get(user) === newer.get(user) ? (before.secretKeys[user] ?? key) : key,
      ]),
    ),
  };
}
