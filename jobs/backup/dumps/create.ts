import { setTimeout as wait } from "node:timers/promises";
import { type Context, JobError, listProblems, type ObjectStore, withDatabase } from "../../shared";
import { secondsSince } from "../elapsed";
import { requireYoungEnough } from "../programs";
import {
  type Artefact,
  backupName,
  bytesOf,
  type Manifest,
  manifestKey,
  partsOf,
  writeManifest,
} from "../store";
import { type DumpArgs, dump } from "./dump";
import { databaseNames, readServer, type Server } from "./snapshot";

interface CreateArgs extends DumpArgs {
  /** Undefined: all databases that allow connections. */
  readonly databases: readonly string[] | undefined;
}

/** Dumps each database and writes the manifest last. Without a manifest there is no backup, whatever fails before. */
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
      {
        database,
        bytes: bytesOf(artefact),
        parts: partsOf(artefact).length,
        tables: artefact.tables.length,
        seconds: artefact.seconds,
      },
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
    databases: artefacts,
  };
  context.signal.throwIfAborted();
  await store.write(manifestKey(name), writeManifest(manifest), { patient: true });
  return manifest;
}

/** A name has a resolution of one second, and a run that was killed a moment ago may have used this second. */
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
      throw new JobError(
        listProblems(
          `the server ${address.host}:${address.port} lacks databases that are to be backed up:`,
          lacking.map((name) => `${name}; there are: ${existing.join(", ")}`),
        ),
      );
    }
    return { server: await readServer(database), databases: wanted ?? existing };
  });
}
