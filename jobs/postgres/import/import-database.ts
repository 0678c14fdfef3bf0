import { pipeline } from "node:stream/promises";
import {
  exists,
  findPrograms,
  missingRoles,
  type Origin,
  type Programs,
  readServer,
  rebuild,
  requireYoungEnough,
  rolesOf,
  type Snapshot,
  start,
  takePlace,
  withSnapshot,
} from "../../backup";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  listProblems,
  type Outcome,
  withDatabase,
  withLibpq,
} from "../../shared";
import { differences, type Fingerprint, fingerprintOf } from "./fingerprint";
import { lendRoles, mapRoles, type RoleMap, takeRolesBack } from "./roles";

export interface ImportConfig {
  /** The database to take over. */
  readonly source: DatabaseAddress;
  /** The leader, as a superuser. */
  readonly leader: DatabaseAddress;
  /** Name that the database gets here. @default the source's */
  readonly into: string | undefined;
  readonly roles: RoleMap;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly undo: boolean;
  readonly binaries: string | undefined;
}

/** What the sessions of an import call themselves. */
const APPLICATION = "postgres import";

/** Works in a database of the leader. */
const onLeader = <T>(
  { leader }: Pick<ImportConfig, "leader">,
  database: string,
  { signal }: Pick<Context, "signal">,
  work: (database: Database) => Promise<T>,
): Promise<T> =>
  withDatabase(
    { ...leader, database },
    { purpose: "the leader", applicationName: APPLICATION, signal },
    work,
  );

/** Works in the database to take over. */
const onSource = <T>(
  { source }: Pick<ImportConfig, "source">,
  { signal }: Pick<Context, "signal">,
  work: (database: Database) => Promise<T>,
): Promise<T> =>
  withDatabase(source, { purpose: "the source database", applicationName: APPLICATION, signal }, work);

/** Names of the database that an import replaced, and of an import that was undone. */
const beforeImport = (into: string) => `${into}_before_import`;
const undone = (into: string) => `${into}_import_undone`;

/**
 * Takes over a database: dumps one snapshot of the source into a database beside the existing one, compares every row, and
 * only then swaps the two. The source must not change meanwhile: if it does, nothing is swapped.
 */
export async function importDatabase(config: ImportConfig, context: Context): Promise<Outcome> {
  const into = config.into ?? config.source.database;
  if (config.undo) return undo(config, into, context);
  const programs = await findPrograms(config.binaries);
  await onSource(config, context, (database) =>
    withSnapshot(database, async (snapshot) => {
      requireYoungEnough(programs, (await readServer(database)).major);
      const origin = await originOf(config, into, snapshot, context);
      await requireReady(config, into, { database, snapshot, origin }, context);
      const before = await fingerprintOf(database, snapshot);
      report(before, origin, context);
      if (config.dryRun) return;
      await move(config, into, { programs, snapshot, origin, before }, context);
    }),
  );
  context.log.info(
    { database: into },
    config.dryRun ? "dry run: nothing was changed" : `${into} is imported`,
  );
  return "done";
}

/** Encoding and locale of the source; owner, settings and privileges of the database that it replaces, if there is one. */
async function originOf(
  config: ImportConfig,
  into: string,
  snapshot: Snapshot,
  context: Context,
): Promise<Origin> {
  const { source, roles } = config;
  const present = await onLeader(config, "postgres", context, (database) => exists(database, into));
  const { encoding, collate, ctype, locale } = snapshot.properties;
  const named = (role: string) => roles.get(role) ?? role;
  const { properties } = snapshot;
  const own = present
    ? await onLeader(config, into, context, (database) =>
        withSnapshot(database, async (found) => found.properties),
      )
    : {
        ...properties,
        owner: named(properties.owner),
        settings: properties.settings.map((each) => ({ ...each, role: each.role && named(each.role) })),
        ...(properties.privileges && {
          privileges: properties.privileges.map((each) => ({
            ...each,
            grantee: each.grantee && named(each.grantee),
          })),
        }),
      };
  return {
    database: source.database,
    roles: snapshot.roles.filter((role) => !roles.has(role)),
    properties: { ...own, encoding, collate, ctype, locale },
  };
}

interface Found {
  readonly database: Database;
  readonly snapshot: Snapshot;
  readonly origin: Origin;
}

/** Names everything that the server lacks, at once and before anything is changed. */
async function requireReady(
  config: ImportConfig,
  into: string,
  { database, snapshot, origin }: Found,
  context: Context,
): Promise<void> {
  const { roles } = config;
  const { rows: extensions } = await database.query<{ extname: string }>("SELECT extname FROM pg_extension");
  const problems = await onLeader(config, "postgres", context, async (target) => {
    const missing = await missingRoles(target, [...rolesOf(origin), ...roles.values()]);
    const known = await target.query<{ name: string }>("SELECT name FROM pg_available_extensions");
    const lacking = extensions
      .map(({ extname }) => extname)
      .filter((name) => !known.rows.some((each) => each.name === name));
    const needless = [...roles.keys()].filter((role) => !snapshot.roles.includes(role));
    const absent = await missingRoles(target, [...roles.keys()]);
    const present = [...roles.keys()].filter((role) => !absent.includes(role));
    return [
      ...missing.map(
        (role) => `the role ${role} does not exist here: create it, or map it with --roles ${role}=<role>`,
      ),
      ...needless.map((role) => `--roles ${role}: nothing in the source belongs to this role`),
      ...present.map((role) => `--roles ${role}: the role exists here, so it needs no mapping`),
      ...lacking.map((name) => `the extension ${name} is not installed on this server`),
      ...((await exists(target, beforeImport(into)))
        ? [
            `the database ${beforeImport(into)} of an earlier import exists: drop it, or go back to it with --undo`,
          ]
        : []),
    ];
  });
  if (problems.length > 0) throw new JobError(listProblems("the import cannot begin:", problems));
}

function report(before: Fingerprint, { properties }: Origin, { log }: Context): void {
  for (const [object, content] of before) log.info({ object, content }, `source: ${object}: ${content}`);
  log.info(
    { owner: properties.owner, encoding: properties.encoding },
    `the database will belong to ${properties.owner}`,
  );
}

interface MoveArgs {
  readonly programs: Programs;
  readonly snapshot: Snapshot;
  readonly origin: Origin;
  readonly before: Fingerprint;
}

async function move(
  config: ImportConfig,
  into: string,
  { programs, snapshot, origin, before }: MoveArgs,
  context: Context,
): Promise<void> {
  const { leader, source, roles, force } = config;
  const outside = <T>(work: (database: Database) => Promise<T>) =>
    onLeader(config, "postgres", context, work);
  const fill = async (scratch: string) => {
    const target = { ...leader, database: scratch };
    await copy(source, target, { programs, snapshot: snapshot.id, signal: context.signal });
    await onLeader(config, scratch, context, (database) => mapRoles(database, roles));
    const here = await onLeader(config, scratch, context, (database) =>
      withSnapshot(database, (found) => fingerprintOf(database, found)),
    );
    refuse("the imported database differs from its source", differences(before, here));
    const after = await onSource(config, context, (database) =>
      withSnapshot(database, (found) => fingerprintOf(database, found)),
    );
    refuse(
      "the source was written to during the import; stop its writers, and run the import again",
      differences(after, before),
    );
  };
  await outside((database) => lendRoles(database, roles));
  try {
    await rebuild(
      { server: leader, into, force, withoutOwners: false, origin, keepAs: beforeImport(into) },
      fill,
      context,
    );
  } finally {
    await outside((database) => takeRolesBack(database, roles)).catch((error: unknown) =>
      context.log.warn(`roles of the source are left over, without a login: ${String(error)}`),
    );
  }
}

/** All of the source as of the snapshot, through a pipe: nothing is stored on the way. */
function copy(
  source: DatabaseAddress,
  target: DatabaseAddress,
  { programs, snapshot, signal }: { programs: Programs; snapshot: string; signal: AbortSignal },
): Promise<void> {
  return withLibpq(source, APPLICATION, (from) =>
    withLibpq(target, APPLICATION, async (to) => {
      const dump = start(programs.pgDump, ["--format=custom", "--compress=0", `--snapshot=${snapshot}`], {
        environment: from,
        stdout: "pipe",
        signal,
      });
      const words = ["--exit-on-error", `--dbname=${target.database}`];
      const restore = start(programs.pgRestore, words, { environment: to, stdin: "pipe", signal });
      const { stdout } = dump.child;
      const { stdin } = restore.child;
      if (!stdout || !stdin) throw new Error("the programs were started without pipes");
      const piped = pipeline(stdout, stdin).catch(() => undefined); // the program that failed says why
      await Promise.all([dump.ended, restore.ended, piped]);
    }),
  );
}

function refuse(what: string, found: readonly string[]): void {
  if (found.length === 0) return;
  const most = 20;
  const rest = found.length > most ? [`and ${found.length - most} more`] : [];
  throw new JobError(listProblems(`${what}:`, [...found.slice(0, most), ...rest]));
}

/** Puts the database back that the import replaced. The imported one is kept under another name. */
async function undo(config: ImportConfig, into: string, context: Context): Promise<Outcome> {
  await onLeader(config, "postgres", context, async (database) => {
    const former = beforeImport(into);
    if (!(await exists(database, former))) {
      throw new JobError(`there is no database ${former}: no import replaced a database ${into}`);
    }
    if (await exists(database, undone(into))) {
      throw new JobError(`the database ${undone(into)} of an earlier --undo exists: drop it first`);
    }
    await takePlace(database, { scratch: former, into, replaced: undone(into) }, undefined);
  });
  context.log.info({ database: into, imported: undone(into) }, `${into} is as before the import`);
  return "done";
}
