import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Context, type DatabaseAddress, type ObjectStore, UserError } from "../../shared";
import { ALIVE, type Programs, type Running, start, withConnection } from "../programs";
import { sideBySide } from "../side-by-side";
import { type Artefact, bytesOf, Digest, type Part, type RowsPart } from "../store";
import { bytesFrom, collect, type Launch, UnpackingError, unpacked, unpackInto } from "../streams";
import { copiedRows, copyIn } from "./copy-rows";

export interface FillArgs {
  readonly server: DatabaseAddress;
  readonly store: ObjectStore;
  readonly programs: Programs;
  readonly artefact: Artefact;
  /** Gives everything to the restoring user, for servers that do not know the roles. */
  readonly withoutOwners: boolean;
  /** So many sessions write, and later build indexes, at a time. */
  readonly streams: number;
}

/**
 * Fills an empty database: tables first, then all rows beside each other, then indexes and constraints beside each other.
 */
export async function fill(args: FillArgs, scratch: string, { signal, progress }: Context): Promise<void> {
  const { server, artefact, streams } = args;
  const shown = progress(`restoring ${artefact.database}`, "bytes", bytesOf(artefact));
  const folder = await mkdtemp(join(tmpdir(), "trellis-restore-"));
  try {
    await withConnection({ ...server, database: scratch }, scratch, async (environment) => {
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

  /** The definitions alone are kept in a file: pg_restore has to find its way in them. */
  async fetch(part: Part, path: string): Promise<void> {
    const { zstd } = this.args.programs;
    await this.#checked(part, (source) =>
      pipeline(unpacked(zstd, source, this.signal), createWriteStream(path)),
    );
  }

  async define(words: readonly string[]): Promise<void> {
    await this.#pgRestore(words, {}).ended;
  }

  /** What is left over first: large objects are one stream, however many there are. */
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

  /** COPY itself says how many rows it took: fewer than were counted in the snapshot are no backup. */
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
      throw new UserError(
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

  /** What has been read is used at once, and judged at the end, when the whole database can still be dropped. */
  async #checked(part: Part, use: (source: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
    const digest = new Digest();
    try {
      await use(digest.of(this.args.store.read(part.key), this.onBytes));
    } catch (error) {
      if (!(error instanceof UnpackingError)) throw error;
      throw new UserError(`${part.key} is damaged: ${error.message}; restore another backup`);
    }
    if (digest.bytes === part.bytes && digest.sha256() === part.sha256) return;
    throw new UserError(`${part.key} is not what was stored: its sha256 differs; restore another backup`);
  }
}
