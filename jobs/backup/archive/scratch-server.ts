import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { JobError, type Logger } from "../../shared";

interface ScratchServerArgs {
  /** The restored data directory. */
  readonly data: string;
  /** The folder with `postgres` of the release that wrote the data. */
  readonly binaries: string;
  readonly port: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export type Recovered =
  | {
      readonly reached: true;
      readonly timeline: number;
      readonly lastCommit: string | undefined;
      /** The WAL position at which the server's own timeline begins. */
      readonly end: string;
    }
  /** The archive ended, and it contains no transaction that was committed after the target. */
  | { readonly reached: false };

/** PostgreSQL's message for a target that the WAL does not reach. */
const NOT_REACHED = "recovery ended before configured recovery target was reached";

const POLL_MS = 200;

/**
 * A server on restored data that only its own user can reach, through a Unix socket. It ignores the configuration that
 * was restored with the data, because its certificates, addresses and archive belong to the running cluster.
 */
export class ScratchServer {
  readonly sockets: string;
  readonly #args: ScratchServerArgs;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #said = "";

  constructor(args: ScratchServerArgs) {
    this.#args = args;
    this.sockets = join(args.data, "recovery-socket");
  }

  /** Replays WAL to the target, or to its end with `toTheEnd`, and promotes to a new timeline. */
  async recover({ toTheEnd = false } = {}): Promise<Recovered> {
    const { signal } = this.#args;
    this.#start(toTheEnd ? ["recovery_target_time=", "recovery_target_lsn=", "recovery_target_name="] : []);
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (this.#child?.exitCode !== null || this.#child.signalCode !== null) {
        if (this.#said.includes(NOT_REACHED)) return { reached: false };
        throw new JobError(`the restored server ended: ${lastWords(this.#said)}`);
      }
      const answer = await this.#ask();
      if (answer) return { reached: true, ...answer };
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Shuts the server down cleanly. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGINT");
    await this.#ended;
  }

  /** Waits until the server exits by itself or the signal aborts. */
  async served(): Promise<void> {
    const { signal } = this.#args;
    const stop = () => void this.stop();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await this.#ended;
    if (!signal.aborted) throw new JobError(`the restored server ended: ${lastWords(this.#said)}`);
  }

  #start(further: readonly string[]): void {
    const { data, binaries, port, log } = this.#args;
    mkdirSync(this.sockets, { recursive: true, mode: 0o700 });
    const access = join(data, "recovery-access.conf");
    writeFileSync(access, "local all all trust\n"); // only the owner may open the socket's folder
    const configuration = join(data, "recovery.conf.d");
    writeFileSync(configuration, "");
    const settings = [
      `config_file=${configuration}`,
      `hba_file=${access}`,
      `ident_file=${configuration}`,
      `unix_socket_directories=${this.sockets}`,
      "listen_addresses=",
      `port=${port}`,
      "hot_standby=off", // the server starts even if its limits are lower than those of the server that wrote the WAL
      "archive_mode=off", // this timeline must never reach the archive
      "max_connections=60",
      "max_locks_per_transaction=256",
      "track_commit_timestamp=on",
      "log_timezone=UTC",
      ...further,
    ];
    this.#said = "";
    const child = spawn(
      join(binaries, "postgres"),
      ["-D", data, ...settings.flatMap((each) => ["-c", each])],
      {
        stdio: ["ignore", "ignore", "pipe"],
        env: {
          ...process.env,
          LC_ALL: "C",
          TZ: "UTC",
          // PostgreSQL takes a segment that cannot be fetched for the end of the WAL. This gives a failing store time
          // to recover.
          PGBACKREST_ARCHIVE_TIMEOUT: "900",
        },
      },
    );
    this.#child = child;
    child.stderr.on("data", (text) => {
      this.#said = `${this.#said}${text}`.slice(-20_000);
      for (const line of String(text).split("\n"))
        if (/LOG: {2}(recovery|redo|starting|restored log)/.test(line)) log.debug({}, line);
    });
    this.#ended = new Promise((resolve) => {
      child.once("close", () => resolve());
      child.once("error", (error) => {
        this.#said += error.message;
        resolve();
      });
    });
  }

  async #ask(): Promise<Omit<Extract<Recovered, { reached: true }>, "reached"> | undefined> {
    const client = new pg.Client({
      host: this.sockets,
      port: this.#args.port,
      user: "postgres",
      database: "postgres",
    });
    client.on("error", () => undefined); // the exit of the process shows that the server ended
    try {
      await client.connect();
      const { rows } = await client.query<{ timeline: number; committed: string | null; history: string }>(
        `SELECT timeline_id AS timeline, pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC' || '+00' AS committed,
                pg_read_file('pg_wal/' || lpad(upper(to_hex(timeline_id)), 8, '0') || '.history') AS history
         FROM pg_control_checkpoint() WHERE NOT pg_is_in_recovery()`,
      );
      const [row] = rows;
      const [, end = ""] = row?.history.trim().split("\n").at(-1)?.split("\t") ?? [];
      return row && { timeline: row.timeline, lastCommit: row.committed ?? undefined, end };
    } catch {
      return undefined; // the server does not accept connections yet
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/**
 * Refuses to touch the data directory of a running server. A process counts only if it works in that folder, because
 * process ids are reused.
 */
export function requireNoServer(data: string): void {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return;
  const [pid = ""] = readFileSync(file, "utf8").split("\n");
  if (runsIn(pid.trim(), data)) {
    throw new JobError(
      `a server runs on ${data} (process ${pid.trim()}); stop it first, or choose another folder`,
    );
  }
  rmSync(file); // left by a server that crashed
}

function runsIn(pid: string, folder: string): boolean {
  try {
    return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return false;
  }
}

function lastWords(said: string): string {
  const lines = said.trim().split("\n");
  const fatal = lines.filter((line) => /FATAL|PANIC|ERROR/.test(line));
  return (fatal.length > 0 ? fatal : lines).slice(-3).join(" | ") || "without a word";
}
