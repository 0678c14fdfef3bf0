import {
  type Context,
  type DatabaseAddress,
  type ObjectStore,
  quoteIdentifier,
  withDatabase,
  withLibpq,
} from "../../shared";
import { secondsSince } from "../elapsed";
import { ALIVE, type Programs, start } from "../programs";
import { sideBySide } from "../side-by-side";
import {
  type Artefact,
  cutTables,
  Digest,
  type Part,
  partKey,
  type RowsPart,
  type RowsPiece,
} from "../store";
import { compressed, type Launch } from "../streams";
import { copyOut } from "./copy-rows";
import { LOCK_WAIT_MS, type Snapshot, withSnapshot } from "./snapshot";

export interface DumpArgs {
  /** The server to dump from. */
  readonly server: DatabaseAddress;
  /** The bucket that receives the dump. */
  readonly store: ObjectStore;
  /** The client programs to run. */
  readonly programs: Programs;
  /** zstd's compression level: a higher level makes smaller objects and needs more CPU time. */
  readonly compression: number;
  /** Number of sessions that read in parallel, besides the one that counts rows. */
  readonly streams: number;
  /**
   * Size of one piece of a large table; a database of more than 2000 pieces gets larger ones. Smaller pieces spread one
   * table over more sessions.
   */
  readonly pieceBytes: number;
}

/** One object of a dump, and the program that writes it. */
interface Task {
  readonly key: string;
  readonly launch: (environment: NodeJS.ProcessEnv, signal: AbortSignal) => Launch;
}

/** Stores one database as of one moment: large tables in pieces in parallel, and the rest through pg_dump. */
export async function dump(
  args: DumpArgs,
  name: string,
  databaseName: string,
  { signal, progress }: Context,
): Promise<Artefact> {
  const began = Date.now();
  const address = { ...args.server, database: databaseName };
  const session = { purpose: "the database to back up", applicationName: "trellis backup", signal };
  return await withDatabase(address, session, (database) =>
    withSnapshot(database, async (snapshot) => {
      const pieces = cutTables(snapshot.tables, args.pieceBytes);
      const tasks = tasksOf(args, name, databaseName, snapshot, pieces);
      const shown = progress(databaseName, "bytes");
      const ended = new AbortController();
      const stop = AbortSignal.any([signal, ended.signal]);
      const storing = withLibpq({ ...address, database: databaseName }, "trellis backup", (environment) =>
        sideBySide(tasks, { width: args.streams, signal: stop }, ({ key, launch }, stopped) =>
          store(args, key, launch(environment, stopped), stopped, shown.advance),
        ),
      );
      try {
        const [tables, [definitions, remainder, ...rows]] = await Promise.all([
          snapshot.countRows(),
          storing,
        ]);
        if (!definitions || !remainder) throw new Error("two parts are always made");
        return {
          database: databaseName,
          definitions,
          remainder,
          rows: rows.map((part, index) => rowsPart(part, pieces[index])),
          lsn: snapshot.lsn,
          roles: snapshot.roles,
          properties: snapshot.properties,
          tables,
          largeObjects: snapshot.largeObjects,
          seconds: secondsSince(began),
        };
      } catch (error) {
        ended.abort(error); // a failed count stops the other programs
        await storing.catch(() => undefined);
        throw error;
      } finally {
        shown.done();
      }
    }),
  );
}

async function store(
  { store, programs, compression }: DumpArgs,
  key: string,
  launch: Launch,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Part> {
  const digest = new Digest();
  await store.upload(key, digest.of(compressed(programs.zstd, compression, signal, launch), onBytes));
  return { key, bytes: digest.bytes, sha256: digest.sha256() };
}

/** The two archives come first: pg_dump locks all tables when it starts, before anybody has time to change one. */
function tasksOf(
  { programs: { pgDump, psql } }: DumpArgs,
  name: string,
  database: string,
  { id, properties }: Snapshot,
  pieces: readonly RowsPiece[],
): Task[] {
  const archive = (part: string, words: readonly string[]): Task => ({
    key: partKey(name, database, part),
    launch: (environment, signal) => (pipes) =>
      start(
        pgDump,
        [
          "--format=custom",
          "--compress=0",
          `--snapshot=${id}`,
          // A session that waits for our locks is queued before pg_dump; without a timeout both would wait for ever.
          `--lock-wait-timeout=${LOCK_WAIT_MS}`,
          "--no-password",
          ALIVE,
          ...words,
        ],
        { ...pipes, environment, signal },
      ),
  });
  const apart = new Set(
    pieces.map(({ schema, table }) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`),
  );
  const width = String(pieces.length).length;
  return [
    archive("definitions.dump", ["--section=pre-data", "--section=post-data"]),
    archive("remainder.dump", [
      "--section=data",
      ...[...apart].map((table) => `--exclude-table-data=${table}`),
    ]),
    ...pieces.map((piece, index): Task => {
      const words = copyOut(piece, id, properties.encoding);
      return {
        key: partKey(name, database, `rows-${String(index + 1).padStart(width, "0")}`),
        launch: (environment, signal) => (pipes) => start(psql, words, { ...pipes, environment, signal }),
      };
    }),
  ];
}

function rowsPart(part: Part, piece: RowsPiece | undefined): RowsPart {
  if (!piece) throw new Error("each part is made of one piece");
  const { schema, table, columns, format } = piece;
  return { ...part, schema, table, columns: [...columns], format };
}
