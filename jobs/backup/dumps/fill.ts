import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Context, type DatabaseAddress, JobError, type ObjectStore, withLibpq } from "../../shared";
import { ALIVE, type Programs, type Running, start } from "../programs";
import { sideBySide } from "../side-by-side";
import { type Artefact, bytesOf, Digest, type Part, type RowsPart } from "../store";
import { bytesFrom, collect, type Launch, UnpackingError, unpacked, unpackInto } from "../streams";
import { copiedRows, copyIn } from "./copy-rows";

export interface FillArgs {
  /** The server to restore to. */
  readonly server: DatabaseAddress;
  /** The bucket that holds the backup. */
  readonly store: ObjectStore;
  /** The client programs to run. */
  readonly programs: Programs;
  /** The part of the manifest for this database. */
  readonly artefact: Artefact;
  /** Makes the restoring user the owner of everything, for servers that lack the original roles. */
  readonly withoutOwners: boolean;
  /** Number of sessions that write, and later build indexes, in parallel. */
  readonly streams: number;
}

/** Fills an empty database: tables first, then all rows in parallel, then indexes and constraints in parallel. */
export async function fill(args: FillArgs, scratch: string, { signal, progress }: Context): Promise<void> {
  const { server, artefact, streams } = args;
  const shown = progress(`restoring ${artefact.database}`, "bytes", bytesOf(artefact));
  const folder = await mkdtemp(join(tmpdir(), "trellis-restore-"));
  try {
    await withLibpq({ ...server, database: scratch }, "trellis backup", async (environment) => {
      const filling = new Filling(args, environment, signal, shown.advance);
      const definitions = join(folder, "definitions.dump");
      await filling.fetch(artefact.definitions, definitions);
      await filling.define(["--section=pre-data", definitions]);
      await filling.load();
      await filling.define(["--section=post-data", `--jobs=${streams}`, definitions]);
    });
  } finally {
    shown.done();
    await rm(folder, { recursive: true, force: true });
  }
}

class Filling {
  constructor(
    readonly args: FillArgs,
    readonly environment: NodeJS.ProcessEnv,
    readonly signal: AbortSignal,
    readonly onBytes: (bytes: number) => void,
  ) {}

  /** Only the definitions are kept in a file: pg_restore must be able to seek in them. */
  async fetch(part: Part, path: string): Promise<void> {
    const { zstd } = this.args.programs;
    await this.#checked(part, (source) =>
      pipeline(unpacked(zstd, source, this.signal), createWriteStream(path)),
    );
  }

  async define(words: readonly string[]): Promise<void> {
    await this.#pgRestore(words, {}).ended;
  }

  /** The remainder goes first: all large objects are in one stream. */
  async load(): Promise<void> {
    const { artefact, streams } = this.args;
    const tasks = [
      (signal: AbortSignal) => this.#loadRemainder(signal),
      ...artefact.rows.map((part) => (signal: AbortSignal) => this.#loadRows(part, signal)),
    ];
    const counted = await sideBySide(tasks, { width: streams, signal: this.signal }, (load, signal) =>
      load(signal),
    );
    this.#requireAll(counted.slice(1));
  }

  async #loadRemainder(signal: AbortSignal): Promise<number> {
    await this.#into(this.args.artefact.remainder, signal, (pipes) =>
      this.#pgRestore(["--section=data"], { ...pipes, signal }),
    );
    return 0;
  }

  async #loadRows(part: RowsPart, signal: AbortSignal): Promise<number> {
    const { artefact, programs } = this.args;
    const words = copyIn(part, artefact.properties.encoding);
    let answer: Promise<string> | undefined;
    await this.#into(part, signal, (pipes) => {
      const running = start(programs.psql, words, {
        ...pipes,
        stdout: "pipe",
        environment: this.environment,
        signal,
      });
      answer = collect(bytesFrom(running.child.stdout));
      return running;
    });
    return copiedRows((await answer) ?? "");
  }

  /** COPY reports how many rows it loaded. Fewer rows than the snapshot counted mean that the backup is incomplete. */
  #requireAll(counted: readonly number[]): void {
    const { rows, tables, database } = this.args.artefact;
    const sums = new Map<string, number>();
    rows.forEach(({ schema, table }, index) => {
      const name = JSON.stringify([schema, table]);
      sums.set(name, (sums.get(name) ?? 0) + (counted[index] ?? Number.NaN));
    });
    for (const { schema, name, rows: expected } of tables) {
      const found = sums.get(JSON.stringify([schema, name]));
      if (found === undefined || found === expected) continue;
      throw new JobError(
        `${database}: ${schema}.${name} came back with ${found} rows instead of ${expected}; restore another backup`,
      );
    }
  }

  #pgRestore(words: readonly string[], args: Parameters<Launch>[0] & { signal?: AbortSignal }): Running {
    const ownership = this.args.withoutOwners ? ["--no-owner", "--no-privileges"] : [];
    return start(
      this.args.programs.pgRestore,
      ["--exit-on-error", "--no-password", ...ownership, ALIVE, ...words],
      { signal: this.signal, ...args, environment: this.environment },
    );
  }

  #into(part: Part, signal: AbortSignal, launch: Launch): Promise<void> {
    return this.#checked(part, (source) => unpackInto(this.args.programs.zstd, source, signal, launch));
  }

  /** Uses data as it is read, and checks the digest at the end, while the whole database can still be dropped. */
  async #checked(part: Part, use: (source: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
    const digest = new Digest();
    try {
      await use(digest.of(this.args.store.read(part.key), this.onBytes));
    } catch (error) {
      if (!(error instanceof UnpackingError)) throw error;
      throw new JobError(`${part.key} is damaged: ${error.message}; restore another backup`);
    }
    if (digest.bytes === part.bytes && digest.sha256() === part.sha256) return;
    throw new JobError(`${part.key} is not what was stored: its sha256 differs; restore another backup`);
  }
}
