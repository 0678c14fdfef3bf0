import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ARCHIVE_CONFIG_FILE, BACKUP_CLIENT } from "../../../components/data/postgres";
import { bundleJobs } from "../../../jobs/bundle";
import type { Authority } from "../pki/certificates";
import { freePort } from "../postgres/postgres";
import { postgresUser } from "../postgres/user";
import { program } from "../programs";
import { eventually } from "../waiting";
import { type ArchiveOfTest, keysOf, layDownArchive, type MemberSeen, STANZA } from "./archive";

/** No account has this number; see the groups of the members. */
const GROUP = 61_811;

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

  /** Runs pgBackRest itself as the jobs do, for what only a test does to a repository. */
  pgbackrest(words: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
    return execFileSync(program("pgbackrest"), [`--stanza=${STANZA}`, "--log-level-console=off", ...words], {
      ...this.#options([]),
      input,
      maxBuffer: 2 ** 26,
    });
  }

  /** What the exporter beside a member tells Prometheus of the repositories; here no leader answers it. */
  async metrics(): Promise<string> {
    const port = await freePort();
    const words = ["serve-archive-metrics", "--refresh-seconds", "0"];
    const child = spawn(...this.#line(words), {
      ...this.#options(words, {
        ARCHIVE_METRICS_HOST: "127.0.0.1",
        ARCHIVE_METRICS_PORT: String(port),
        ARCHIVE_QUEUE_BYTES: "1",
        ARCHIVE_SERVER_URL: "postgres://nobody:nothing@127.0.0.1:1/postgres",
      }),
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#children.add(child);
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    void ended.then(() => this.#children.delete(child));
    let complaint = "";
    child.stderr.on("data", (text) => (complaint += text));
    try {
      return await eventually("the exporter answers", 60_000, async () => {
        if (child.exitCode !== null) throw new Error(complaint);
        return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      });
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
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

  /** Where the checks of the archive leave how they ended. */
  #records(): Record<string, string> {
    const { store, bucket } = this.#archive;
    return {
      ARCHIVE_S3_ENDPOINT: store.endpoint,
      ARCHIVE_S3_BUCKET: bucket,
      ARCHIVE_S3_PREFIX: "records/",
      ARCHIVE_S3_ACCESS_KEY_ID: store.accessKey,
      ARCHIVE_S3_SECRET_ACCESS_KEY: store.secretKey,
      NODE_EXTRA_CA_CERTS: join(this.folder, "recovery", "store.crt"),
    };
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
        PITR_BIN_DIR: dirname(realpathSync(program("initdb"))), // a link to it may stand alone in its folder
        PGBACKREST_CONFIG: join(this.folder, seat, ARCHIVE_CONFIG_FILE),
        ...keysOf(this.#archive),
        ...this.#records(),
        ...environment,
      },
    };
  }
}
