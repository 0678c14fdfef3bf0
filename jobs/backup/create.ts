import { setTimeout as wait } from "node:timers/promises";
import {
  type Context,
  type DatabaseAddress,
  listProblems,
  type ObjectStore,
  UserError,
  withDatabase,
} from "../shared";
import { Digest } from "./digest";
import { type Artefact, artefactKey, backupName, type Manifest, manifestKey } from "./manifest";
import { opened, type Programs, requireYoungEnough, start, withConnection } from "./programs";
import { databaseNames, readServer, type Server, withSnapshot } from "./snapshot";

export interface CreateArgs {
  readonly server: DatabaseAddress;
  readonly store: ObjectStore;
  readonly programs: Programs;
  /** All that take connections where none are named. */
  readonly databases: readonly string[] | undefined;
  readonly compression: number;
}

/** Dumps each database and at last writes the manifest: before that there is no backup, whatever happens. */
export async function create(args: CreateArgs, context: Context): Promise<Manifest> {
  const { store, server: address } = args;
  await store.check();
  const { server, databases } = await survey(args, context);
  requireYoungEnough(args.programs, server.major);
  const startedAt = await freeSecond(store, context.signal);
  const name = backupName(startedAt);

  const artefacts: Artefact[] = [];
  for (const database of databases) {
    const artefact = await dump(args, name, database, context);
    context.log.info(
      { database, bytes: artefact.bytes, tables: artefact.tables.length, seconds: artefact.seconds },
      `${database} is stored`,
    );
    artefacts.push(artefact);
  }

  const manifest: Manifest = {
    version: 1,
    name,
    startedAt: startedAt.toISOString(),
    seconds: secondsSince(startedAt.getTime()),
    server: { version: server.version, address: `${address.host}:${address.port}`, replica: server.replica },
    compression: "zstd",
    databases: artefacts,
  };
  context.signal.throwIfAborted();
  await store.write(manifestKey(name), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** Names count seconds, and one may have been used up by a run that was killed a moment ago. */
async function freeSecond(store: ObjectStore, signal: AbortSignal): Promise<Date> {
  for (;;) {
    const now = new Date();
    if ((await store.list(`${backupName(now)}/`)).length === 0) return now;
    await wait(1_000 - now.getMilliseconds(), undefined, { signal });
  }
}

function survey(
  { server: address, databases: wanted }: CreateArgs,
  { signal }: Context,
): Promise<{ server: Server; databases: readonly string[] }> {
  const session = { purpose: "the server to back up", applicationName: "trellis backup", signal };
  return withDatabase(address, session, async (database) => {
    const existing = await databaseNames(database);
    const lacking = wanted?.filter((name) => !existing.includes(name)) ?? [];
    if (lacking.length > 0) {
      throw new UserError(
        listProblems(
          `the server ${address.host}:${address.port} lacks databases that are to be backed up:`,
          lacking.map((name) => `${name}; there are: ${existing.join(", ")}`),
        ),
      );
    }
    return { server: await readServer(database), databases: wanted ?? existing };
  });
}

async function dump(
  { server, store, programs, compression }: CreateArgs,
  name: string,
  databaseName: string,
  { signal, progress }: Context,
): Promise<Artefact> {
  const began = Date.now();
  const address = { ...server, database: databaseName };
  const session = { purpose: "the database to back up", applicationName: "trellis backup", signal };
  return await withDatabase(address, session, (database) =>
    withSnapshot(database, async (snapshot) => {
      const key = artefactKey(name, databaseName);
      const digest = new Digest();
      const shown = progress(databaseName, "bytes");
      // Its own signal ends the programs when the upload or the counting fails.
      const failed = new AbortController();
      const stop = AbortSignal.any([signal, failed.signal]);
      const uploading = withConnection(address, databaseName, (environment) => {
        const dumped = dumpStream(programs, snapshot.id, compression, environment, stop);
        return store.upload(
          key,
          digest.of(dumped, (bytes) => shown.advance(bytes)),
        );
      });
      try {
        const [tables] = await Promise.all([snapshot.countRows(), uploading]);
        return {
          database: databaseName,
          key,
          bytes: digest.bytes,
          sha256: digest.sha256(),
          lsn: snapshot.lsn,
          roles: snapshot.roles,
          properties: snapshot.properties,
          tables,
          largeObjects: snapshot.largeObjects,
          seconds: secondsSince(began),
        };
      } catch (error) {
        failed.abort(error);
        await uploading.catch(() => undefined);
        throw error;
      } finally {
        shown.done();
      }
    }),
  );
}

/**
 * The archive as it is made. pg_dump's own compression before PostgreSQL 16 is gzip alone, so it writes plainly into
 * zstd, which is also the faster and the smaller of the two (docs/backup.md has the figures). Ends only after both
 * programs have ended well.
 */
async function* dumpStream(
  { pgDump, zstd }: Programs,
  snapshot: string,
  level: number,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const compressing = start(zstd, [`-${level}`, "-T0", "--check", "-c", "-q"], {
    stdin: "pipe",
    stdout: "pipe",
    signal,
  });
  const dumping = start(
    pgDump,
    ["--format=custom", "--compress=0", `--snapshot=${snapshot}`, "--no-password", ALIVE],
    { stdout: opened(compressing.child.stdin), environment, signal },
  );
  try {
    yield* opened(compressing.child.stdout) as AsyncIterable<Buffer>; // no encoding is set: these are buffers
    await Promise.all([dumping.ended, compressing.ended]);
  } finally {
    dumping.child.kill("SIGKILL");
    compressing.child.kill("SIGKILL");
  }
}

/** A server that vanished without a word ends the dump within a minute; all else of the connection is in the environment. */
const ALIVE = "--dbname=keepalives_idle=30 keepalives_interval=10 keepalives_count=3";

export const secondsSince = (began: number) => Math.round((Date.now() - began) / 100) / 10;
