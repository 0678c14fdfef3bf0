import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type Failover,
  PASSWORD_VARIABLES,
  POSTGRES,
  patroniConfig,
  postgresNamespace,
} from "../../../components/data/postgres";
import { NODE_PORTS } from "../../../components/shared/address-plan";
import { hostOf } from "../../../components/shared/pods";
import type { KeyPair } from "../pki/certificates";
import { postgresUser } from "../postgres/user";
import { program } from "../programs";
import { eventually } from "../waiting";
import {
  type ArchiveOfTest,
  keysOf,
  layDownArchive,
  layDownArchiveServer,
  type MemberSeen,
  SERVER_PORT,
  STANZA,
} from "./archive";
import { environmentOfPod, resolverConfig, withResolver } from "./pod";
import { endGroup, nameOf, processesOf, signal } from "./processes";

interface PatroniMemberArgs {
  readonly ordinal: number;
  /** Its own address, as a pod has one. It listens at its NodePorts of every server too, as kube-proxy has it. */
  readonly address: string;
  /** A folder that the user `postgres` may pass. */
  readonly folder: string;
  /** Where Patroni's Python packages lie, readable for that user. */
  readonly packages: string;
  readonly etcd: {
    readonly hosts: readonly string[];
    readonly authority: string;
    readonly client: KeyPair;
    readonly password: string;
  };
  readonly authority: string;
  readonly certificate: KeyPair;
  readonly passwords: { readonly superuser: string; readonly rest: string };
  readonly synchronous: boolean;
  readonly failover: Failover;
  /** Changes the rendered patroni.yml, for experiments alone. */
  readonly retouch?: ((rendered: string) => string) | undefined;
  /** Where it archives its log. */
  readonly archive?: ArchiveOfTest | undefined;
}

/** The memory limit that PostgreSQL's parameters are computed from. */
export const MEMBER_MEMORY_MIB = 512;

/**
 * Each member's processes belong to a group of their own, by which they are found however they fork, and by which the
 * kernel's packet filter knows what they send. No account has these numbers.
 */
const FIRST_GROUP = 61_801;

/** One Patroni member: a real Patroni with a real PostgreSQL, from the rendered patroni.yml. */
export class PatroniMember {
  readonly name: string;
  readonly ports: { readonly postgres: number; readonly rest: number };
  readonly group: number;
  readonly #args: PatroniMemberArgs;
  #address: string;
  #patroni: ChildProcess | undefined;

  constructor(args: PatroniMemberArgs) {
    this.#args = args;
    this.name = `postgres-${args.ordinal}`;
    this.#address = args.address;
    this.ports = {
      postgres: NODE_PORTS.postgres + args.ordinal,
      rest: NODE_PORTS.patroniRest + args.ordinal,
    };
    this.group = FIRST_GROUP + args.ordinal;
    this.#layDown();
  }

  get address(): string {
    return this.#address;
  }

  /** Gives it another address from its next start on, as a new pod of the same name has. */
  moveTo(address: string): void {
    this.#address = address;
  }

  /** Starts Patroni; what its disk held before is kept. */
  start(): void {
    const log = openSync(this.#path("log"), "a");
    if (this.#args.archive) this.#startArchiveServer(log);
    writeFileSync(this.#path("resolv.conf"), resolverConfig());
    const user = ["--reuid", String(postgresUser()), "--regid", String(this.group), "--clear-groups"];
    const patroni = [join(this.#args.folder, "trellis-patroni.py"), this.#path("patroni.yml")];
    const [command, ...words] = withResolver(this.#path("resolv.conf"), [
      ...["setpriv", ...user, "--", "/usr/bin/python3", ...patroni],
    ]);
    this.#patroni = spawn(command, words, {
      cwd: this.#path(),
      stdio: ["ignore", log, log],
      env: this.#environment(),
    });
  }

  /** The second container of its pod, which knows no key of the archive. */
  #startArchiveServer(log: number): void {
    spawn("pgbackrest", ["server"], {
      uid: postgresUser(),
      gid: this.group,
      stdio: ["ignore", log, log],
      env: { PATH: "/usr/bin:/bin", PGBACKREST_CONFIG: this.#path("archive", ARCHIVE_SERVER_CONFIG_FILE) },
    });
  }

  get #archiveConfig(): string {
    return this.#path("archive", ARCHIVE_CONFIG_FILE);
  }

  /** What a backup over the network has to know of it. */
  get seen(): MemberSeen {
    return {
      data: this.#path("data"),
      sockets: this.socketDirectory,
      port: this.ports.postgres,
      serverPort: SERVER_PORT + this.#args.ordinal,
    };
  }

  /** Its volume goes with its server. */
  loseDisk(): void {
    rmSync(this.#path("data"), { recursive: true, force: true, maxRetries: 5 });
  }

  /** Patroni and PostgreSQL end at once, without a chance to tidy up. */
  async kill(): Promise<void> {
    await endGroup(this.group);
  }

  /** Ends in order, as when its pod is deleted: the lead is handed over, and PostgreSQL shuts down. */
  async stop(): Promise<void> {
    this.#patroni?.kill("SIGTERM");
    await eventually(`the end of ${this.name}`, 60_000, () => !this.isRunning);
    await endGroup(this.group);
  }

  /** PostgreSQL ends at once; Patroni stays and finds out. */
  killPostgres(): void {
    for (const pid of processesOf(this.group)) if (nameOf(pid) === "postgres") signal(pid, "SIGKILL");
  }

  /** Every process stops where it is, as on a machine that stalls: sockets stay open, nobody answers. */
  freeze(): void {
    for (const pid of processesOf(this.group)) signal(pid, "SIGSTOP");
  }

  thaw(): void {
    for (const pid of processesOf(this.group)) signal(pid, "SIGCONT");
  }

  get isRunning(): boolean {
    return this.#patroni?.exitCode === null && this.#patroni.signalCode === null;
  }

  /** What Patroni and PostgreSQL printed. */
  get log(): string {
    return readFileSync(this.#path("log"), "utf8");
  }

  get socketDirectory(): string {
    return this.#path("sockets");
  }

  /** Runs patronictl in its pod. */
  async patronictl(...words: readonly string[]): Promise<string> {
    const command = join(this.#args.folder, "patronictl"); // the same program by this name, as in the image
    if (!existsSync(command)) symlinkSync("trellis-patroni.py", command);
    const config = ["--config-file", this.#path("patroni.yml")];
    const { stdout, stderr } = await promisify(execFile)("/usr/bin/python3", [command, ...config, ...words], {
      env: this.#environment(),
    });
    return stdout + stderr;
  }

  /** What its Patroni says when it refuses to start with another patroni.yml. */
  async refusal(config: string): Promise<string> {
    const patroni = join(this.#args.folder, "trellis-patroni.py");
    const started = promisify(execFile)("/usr/bin/python3", [patroni, config], { env: this.#environment() });
    return started.then(
      () => "it did not refuse",
      (error: { stderr?: string }) => error.stderr ?? "",
    );
  }

  /** Asks its REST API; status 0 where nobody answers in time. */
  async ask(
    path: string,
    { method = "GET", body, patienceMs = 3000 }: { method?: string; body?: object; patienceMs?: number } = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { authority, passwords } = this.#args;
    return new Promise((resolve) => {
      const call = request(
        {
          host: this.address,
          port: this.ports.rest,
          path,
          method,
          ca: authority,
          servername: hostOf(POSTGRES.headless, postgresNamespace.name), // no certificate names the address of a pod
          agent: false,
          auth: `patroni:${passwords.rest}`,
          signal: AbortSignal.timeout(patienceMs),
        },
        async (response) => {
          const chunks: Buffer[] = [];
          try {
            for await (const chunk of response) chunks.push(chunk);
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
          } catch {
            resolve({ status: 0, text: "" });
          }
        },
      );
      call.once("error", ({ message }) => resolve({ status: 0, text: message }));
      call.end(body && JSON.stringify(body));
    });
  }

  /** What its pod has: the variables of production, Secrets included. */
  #environment(): Record<string, string> {
    const { packages, etcd, passwords, archive } = this.#args;
    return {
      ...environmentOfPod(this),
      PATH: "/usr/bin:/bin",
      PYTHONPATH: packages,
      [PASSWORD_VARIABLES.superuser]: passwords.superuser,
      [PASSWORD_VARIABLES.replication]: "replicators-password",
      [PASSWORD_VARIABLES.rewind]: "rewinders-password",
      [PASSWORD_VARIABLES.rest]: passwords.rest,
      [PASSWORD_VARIABLES.etcd]: etcd.password,
      ...(archive && { PGBACKREST_CONFIG: this.#archiveConfig, ...keysOf(archive) }),
    };
  }

  #layDown(): void {
    const { etcd, authority, certificate, archive } = this.#args;
    for (const folder of ["sockets", "etcd", "server"]) mkdirSync(this.#path(folder), { recursive: true });
    const certificates = (folder: string, { cert, key }: KeyPair, ca: string) => {
      writeFileSync(this.#path(folder, "ca.crt"), ca);
      writeFileSync(this.#path(folder, "tls.crt"), cert);
      writeFileSync(this.#path(folder, "tls.key"), key, { mode: 0o600 });
      chownSync(this.#path(folder, "tls.key"), postgresUser(), this.group);
      return {
        authority: this.#path(folder, "ca.crt"),
        certificate: this.#path(folder, "tls.crt"),
        key: this.#path(folder, "tls.key"),
      };
    };
    const server = certificates("server", certificate, authority);
    if (archive) {
      layDownArchive(archive, this.#path("archive"), this.group, { kind: "member", ...this.seen });
      layDownArchiveServer(this.#path("archive"), this.seen, server);
    }
    const rendered = patroniConfig({
      scope: "trellis",
      serverName: hostOf(POSTGRES.headless, postgresNamespace.name),
      etcd: etcd.hosts,
      certificates: {
        etcd: certificates("etcd", etcd.client, etcd.authority),
        server,
      },
      pods: ["127.0.0.0/8"],
      servers: [],
      memoryMib: MEMBER_MEMORY_MIB,
      synchronous: this.#args.synchronous,
      failover: this.#args.failover,
      dataDirectory: this.#path("data"),
      socketDirectory: this.socketDirectory,
      programs: dirname(realpathSync(program("initdb"))),
      ports: this.ports,
      archiving: archive && {
        stanza: STANZA,
        closeGap: join(this.#args.folder, "trellis-archive-gap.py"),
        data: this.#path("data"),
        recoverTo: archive.recoverTo,
      },
    });
    writeFileSync(this.#path("patroni.yml"), this.#args.retouch?.(rendered) ?? rendered);
    for (const each of ["", "sockets"]) chownSync(this.#path(each), postgresUser(), this.group);
  }

  #path(...parts: string[]): string {
    return join(this.#args.folder, this.name, ...parts);
  }
}

/** Ends the members that a run left behind when it was killed; only for who holds the production addresses alone. */
export async function endLeftMembers(count: number): Promise<void> {
  for (let ordinal = 0; ordinal < count; ordinal++) await endGroup(FIRST_GROUP + ordinal);
}
