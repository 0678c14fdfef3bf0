import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type ArchiveServerArgs,
  archiveConfig,
  archiveServerConfig,
  BACKUP_CLIENT,
  type RecoveryTarget,
  repositoryVariables,
} from "../../../components/data/postgres";
import { bundleJobs } from "../../../jobs/bundle";
import type { TlsMinio } from "../minio/tls";
import type { Authority } from "../pki/certificates";
import { postgresUser } from "../postgres/user";
import { program } from "../programs";

/** The name of the cluster in the archive, which is its scope. */
export const STANZA = "trellis";

/** What the servers beside the members listen at; each pod has an address of its own, here each has a port. */
export const SERVER_PORT = 8432;

/**
 * What Debian's pgBackRest 2.45 has otherwise than the release of the image, on top of the rendered configuration: it can
 * take a backup from a replica or not, but not as it comes; and blocks are still on trial there.
 */
const OF_THIS_RELEASE = { PGBACKREST_BACKUP_STANDBY: "y", PGBACKREST_BETA: "y" };

export interface ArchiveOfTest {
  readonly store: TlsMinio;
  readonly bucket: string;
  readonly passphrase: string;
  readonly recoverTo?: RecoveryTarget;
}

/** What members, backups and recoveries are rendered from alike. */
function configOf(archive: ArchiveOfTest, folder: string, seat: ArchiveConfigArgs["seat"]): string {
  return archiveConfig({
    stanza: STANZA,
    repositories: [
      {
        endpoint: archive.store.endpoint,
        region: "us-east-1",
        bucket: archive.bucket,
        addressing: "path",
        authorityFile: join(folder, "store.crt"),
        keepFull: 4,
        keepDifferential: 14,
      },
    ],
    queueBytes: 4 * 2 ** 30,
    processes: 2,
    spool: join(folder, "spool"),
    locks: join(folder, "locks"),
    seat,
  });
}

/** The variables that the pods get from the Secret. */
export function keysOf({ store, passphrase }: ArchiveOfTest): Record<string, string> {
  const names = repositoryVariables(1);
  return {
    [names.accessKey]: store.accessKey,
    [names.secretKey]: store.secretKey,
    [names.cipherPass]: passphrase,
    ...OF_THIS_RELEASE,
  };
}

/** Lays down pgbackrest.conf and what it names; answers its path. */
export function layDownArchive(
  archive: ArchiveOfTest,
  folder: string,
  group: number,
  seat: ArchiveConfigArgs["seat"],
): string {
  for (const each of ["", "spool", "locks"]) {
    mkdirSync(join(folder, each), { recursive: true });
    chownSync(join(folder, each), postgresUser(), group);
  }
  writeFileSync(join(folder, "store.crt"), archive.store.authority);
  const path = join(folder, ARCHIVE_CONFIG_FILE);
  writeFileSync(path, configOf(archive, folder, seat));
  return path;
}

/** Lays down what the server beside a member reads; answers its path. */
export function layDownArchiveServer(
  folder: string,
  { data, sockets, port, serverPort }: MemberSeen,
  certificates: ArchiveServerArgs["certificates"],
): string {
  const path = join(folder, ARCHIVE_SERVER_CONFIG_FILE);
  const text = archiveServerConfig({
    stanza: STANZA,
    member: { data, sockets, port },
    server: { address: "127.0.0.1", port: serverPort },
    certificates,
    locks: join(folder, "locks"),
  });
  writeFileSync(path, text);
  return path;
}

/** No account has this number; see the groups of the members. */
const GROUP = 61_811;

export interface MemberSeen {
  readonly data: string;
  readonly sockets: string;
  readonly port: number;
  readonly serverPort: number;
}

/**
 * The job image's place: `jobs backup` as the user `postgres`, with the rendered configuration, over the network to the
 * members' servers and to the store.
 */
export class ArchiveJobs {
  readonly folder: string;
  readonly #archive: ArchiveOfTest;
  readonly #children = new Set<ChildProcess>();
  #binary = "";

  private constructor(archive: ArchiveOfTest, authority: Authority, members: readonly MemberSeen[]) {
    this.#archive = archive;
    this.folder = mkdtempSync(join(tmpdir(), "trellis-archive-jobs-"));
    chmodSync(this.folder, 0o755);
    const client = authority.issue({ commonName: BACKUP_CLIENT, usages: ["client"] });
    const file = (name: string, text: string) => {
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
      chownSync(join(this.folder, name), postgresUser(), GROUP);
      return join(this.folder, name);
    };
    const certificates = {
      authority: file("ca.crt", authority.cert),
      certificate: file("tls.crt", client.cert),
      key: file("tls.key", client.key),
    };
    layDownArchive(archive, join(this.folder, "backup"), GROUP, {
      kind: "backup",
      members: members.map((member) => ({ ...member, host: "localhost" })),
      certificates,
    });
    layDownArchive(archive, join(this.folder, "recovery"), GROUP, {
      kind: "member",
      data: join(this.folder, "nowhere"),
      sockets: this.folder,
      port: 5432,
    });
    const recovered = join(this.folder, "recovered");
    mkdirSync(recovered);
    chownSync(recovered, postgresUser(), GROUP);
  }

  static async layDown(
    archive: ArchiveOfTest,
    authority: Authority,
    members: readonly MemberSeen[],
  ): Promise<ArchiveJobs> {
    const jobs = new ArchiveJobs(archive, authority, members);
    jobs.#binary = await bundleJobs(join(jobs.folder, "bundle"));
    return jobs;
  }

  /** What `jobs backup <words>` printed; fails with what it complained of. */
  run(words: readonly string[], environment: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(
        ...this.#line(words),
        { ...this.#options(words, environment), maxBuffer: 2 ** 24 },
        (error, stdout, stderr) => {
          if (error) reject(new Error(`${words.join(" ")}: ${stderr}${stdout}`));
          else resolve(stdout);
        },
      );
    });
  }

  /** Recovers and leaves the server running; answers the folder of its socket and how to end it. */
  async serve(
    target: readonly string[],
  ): Promise<{ readonly sockets: string; readonly said: string; stop(): Promise<void> }> {
    const into = mkdtempSync(join(this.folder, "recovered", "at-"));
    chownSync(into, postgresUser(), GROUP);
    const words = ["pitr", ...target, "--into", into, "--serve"];
    const child = spawn(...this.#line(words), {
      ...this.#options(words),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    void ended.then(() => this.#children.delete(child));
    const stop = async () => {
      child.kill("SIGTERM");
      await ended;
      rmSync(into, { recursive: true, force: true });
    };
    let said = "";
    let complaint = "";
    child.stderr.on("data", (text) => (complaint += text));
    const sockets = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (text) => {
        said += text;
        const [, found] = /listens at (\S+),/.exec(said) ?? [];
        if (found) resolve(found);
      });
      child.once("close", () => reject(new Error(`${words.join(" ")}: ${complaint}${said}`)));
    });
    return { sockets, said, stop };
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#children].map(
        (child) =>
          new Promise<void>((resolve) => {
            child.once("close", () => resolve());
            child.kill("SIGTERM");
          }),
      ),
    );
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #line(words: readonly string[]): [string, string[]] {
    return [process.execPath, [this.#binary, "backup", ...words]];
  }

  #options(words: readonly string[], environment: Record<string, string> = {}) {
    const seat = words[0] === "base" ? "backup" : "recovery";
    return {
      cwd: this.folder,
      uid: postgresUser(),
      gid: GROUP,
      env: {
        PATH: `${program("pgbackrest").replace(/\/[^/]*$/, "")}:/usr/bin:/bin`,
        HOME: this.folder,
        ARCHIVE_STANZA: STANZA,
        PITR_BIN_DIR: program("initdb").replace(/\/[^/]*$/, ""),
        PGBACKREST_CONFIG: join(this.folder, seat, ARCHIVE_CONFIG_FILE),
        ...keysOf(this.#archive),
        ...environment,
      },
    };
  }
}
