import {
  type Context,
  type Database,
  JobError,
  quoteIdentifier,
  quoteLiteral,
  retry,
  sha256Of,
  sqlState,
  transaction,
  tryLock,
  withDatabase,
} from "../../shared";
import type { Artefact } from "../store";
import { type FillArgs, fill } from "./fill";

interface RestoreArgs extends FillArgs {
  /** Name of the database to restore into. */
  readonly into: string;
  /** Whether to replace a database that is not empty. */
  readonly force: boolean;
}

/** How often to end the sessions of the database before the swap fails as too busy. */
const SWAP_ATTEMPTS = 5;

/** Restores a backup; until all of it is there, and after any failure, the existing database is unchanged. */
export async function restore(args: RestoreArgs, context: Context): Promise<void> {
  const { artefact, into, programs } = args;
  await rebuild({ ...args, origin: artefact }, (scratch) => fill(args, scratch, context), context);
  context.log.info({ database: into, major: programs.major }, `${into} is restored`);
}

/** What of a database is outside of it: what a dump leaves out. */
export type Origin = Pick<Artefact, "database" | "roles" | "properties">;

export interface RebuildArgs extends Pick<RestoreArgs, "server" | "into" | "force" | "withoutOwners"> {
  readonly origin: Origin;
  /** Name under which the replaced database is kept. @default it is dropped */
  readonly keepAs?: string;
}

/**
 * Fills a database beside the existing one and swaps the two in one transaction at the end. Until then, and after any
 * failure, the existing database is unchanged.
 */
export async function rebuild(
  args: RebuildArgs,
  fillIt: (scratch: string) => Promise<void>,
  context: Context,
): Promise<void> {
  const { server, origin, into, keepAs } = args;
  // A session cannot rename its own database.
  const outside = { ...server, database: into === "postgres" ? "template1" : "postgres" };
  const session = { purpose: "the server to restore to", applicationName: "trellis backup" };
  await withDatabase(outside, { ...session, signal: context.signal }, async (database) => {
    const scratch = nameBeside(into, "restoring");
    const replaced = keepAs ?? nameBeside(into, "replaced");
    await becomeOnly(database, args, context.signal);
    await requireVacant(database, args, context.signal);
    const roles = args.withoutOwners ? [] : await missingRoles(database, rolesOf(origin));
    if (roles.length > 0) {
      throw new JobError(
        `the server ${server.host}:${server.port} lacks roles of ${origin.database}: ${roles.join(", ")}; ` +
          "create them, or give everything to the restoring user with --without-owners",
      );
    }
    await drop(database, scratch); // left by a restore that was killed
    if (keepAs === undefined) await drop(database, replaced);
    try {
      await makeDatabase(database, scratch, origin, args.withoutOwners);
      await fillIt(scratch);
      context.signal.throwIfAborted();
      await takePlace(database, { scratch, into, replaced }, origin.properties.connectionLimit);
    } catch (error) {
      // Where the disk is full, the first attempt may fail too: it discards what cannot be written, and the next one
      // succeeds.
      const clear = () => withDatabase(outside, session, (fresh) => drop(fresh, scratch));
      await retry(clear, { attempts: 4, firstDelayMs: 500, longestDelayMs: 2_000 }).catch((second: unknown) =>
        context.log.warn({ scratch }, `${scratch} is left over, until the next restore: ${String(second)}`),
      );
      throw error;
    }
    if (keepAs === undefined) await drop(database, replaced);
  });
}

/**
 * Derived from the name alone, so that the next run finds what a killed run left behind; at most PostgreSQL's 63 bytes.
 */
export function nameBeside(database: string, what: "restoring" | "replaced" | "drill"): string {
  return `trellis_${what}_${sha256Of(database).slice(0, 16)}`;
}

export const drop = (database: Database, name: string) =>
  database.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);

/** The server may need seconds to notice that the client of a killed restore is gone. */
function becomeOnly(database: Database, { server, into }: RebuildArgs, signal: AbortSignal): Promise<void> {
  const take = async () => {
    if (await tryLock(database, `restore ${into}`)) return;
    throw new JobError(`another restore of ${into} is running on ${server.host}:${server.port}; let it end`);
  };
  return retry(take, { attempts: 8, firstDelayMs: 500, longestDelayMs: 4_000, signal });
}

async function requireVacant(
  database: Database,
  { server, into, force }: RebuildArgs,
  signal: AbortSignal,
): Promise<void> {
  if (force || !(await exists(database, into))) return;
  const purpose = { purpose: "the database to replace", applicationName: "trellis backup", signal };
  const relations = await withDatabase({ ...server, database: into }, purpose, async (inside) => {
    const { rows } = await inside.query<{ count: number }>(OWN_OBJECTS);
    return rows[0]?.count ?? 0;
  });
  if (relations === 0) return;
  throw new JobError(
    `the database ${into} at ${server.host}:${server.port} is not empty (${relations} tables, views, functions and ` +
      "large objects); replace it with --force, or restore beside it with --as <name>",
  );
}

const OWN_OBJECTS = `
  SELECT (SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND nspname <> 'information_schema' AND nspname !~ '^pg_')::int
    + (SELECT count(*) FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
      WHERE nspname <> 'information_schema' AND nspname !~ '^pg_')::int
    + (SELECT count(*) FROM pg_largeobject_metadata)::int AS count`;

export async function exists(database: Database, name: string): Promise<boolean> {
  const { rowCount } = await database.query("SELECT FROM pg_database WHERE datname = $1", [name]);
  return rowCount === 1;
}

/** The roles used inside the database, and those in its own settings and privileges. */
export const rolesOf = ({ roles, properties: { owner, settings, privileges = [] } }: Origin): string[] => [
  ...new Set(
    [
      ...roles,
      owner,
      ...settings.map(({ role }) => role),
      ...privileges.map(({ grantee }) => grantee),
    ].filter((role) => role !== null),
  ),
];

export async function missingRoles(database: Database, roles: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ role: string }>(
    "SELECT role FROM unnest($1::text[]) AS role WHERE role NOT IN (SELECT rolname FROM pg_roles)",
    [roles],
  );
  return rows.map(({ role }) => role);
}

/** Creates the database with what a dump leaves out: encoding, owner, comment, settings and privileges. */
async function makeDatabase(
  database: Database,
  name: string,
  { properties, database: origin }: Origin,
  withoutOwners: boolean,
): Promise<void> {
  const own = quoteIdentifier(name);
  const owner = withoutOwners ? "" : ` OWNER ${quoteIdentifier(properties.owner)}`;
  const { provider = "", name: localeName = "" } = properties.locale ?? {};
  const locale = provider
    ? ` LOCALE_PROVIDER ${provider} ${provider.toUpperCase()}_LOCALE ${quoteLiteral(localeName)}`
    : "";
  await database.query(
    `CREATE DATABASE ${own} TEMPLATE template0 ENCODING ${quoteLiteral(properties.encoding)} ` +
      `LC_COLLATE ${quoteLiteral(properties.collate)} LC_CTYPE ${quoteLiteral(properties.ctype)}${locale}${owner}`,
  );
  const comment = properties.comment ?? `restored from a backup of ${origin}`;
  await database.query(`COMMENT ON DATABASE ${own} IS ${quoteLiteral(comment)}`);
  if (withoutOwners) return;
  for (const { role, setting } of properties.settings) {
    const [parameter = "", ...value] = setting.split("=");
    const whose = role === null ? `DATABASE ${own}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${own}`;
    await database.query(`ALTER ${whose} SET ${parameter} = ${settingValue(parameter, value.join("="))}`);
  }
  if (!properties.privileges) return;
  await database.query(`REVOKE ALL ON DATABASE ${own} FROM PUBLIC, ${quoteIdentifier(properties.owner)}`);
  for (const { grantee, privilege, grantable } of properties.privileges) {
    const to = grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
    const option = grantable ? " WITH GRANT OPTION" : "";
    await database.query(`GRANT ${privilege} ON DATABASE ${own} TO ${to}${option}`);
  }
}

/** A list of quoted names is passed unchanged; pg_dump hard-codes the same parameters. */
const settingValue = (parameter: string, value: string) =>
  ["search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"].includes(
    parameter,
  )
    ? value || "''"
    : quoteLiteral(value);

interface Names {
  readonly scratch: string;
  readonly into: string;
  readonly replaced: string;
}

/**
 * Both renames run in one transaction: at any time a complete database has the name, or the previous one still has it.
 */
export async function takePlace(
  database: Database,
  { scratch, into, replaced }: Names,
  connectionLimit: number | undefined,
): Promise<void> {
  const rename = (from: string, to: string) =>
    database.query(`ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`);
  for (let attempt = 1; ; attempt++) {
    await database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1)", [
      [scratch, into],
    ]);
    try {
      return await transaction(database, "BEGIN", async () => {
        if (await exists(database, into)) await rename(into, replaced);
        await rename(scratch, into);
        if (connectionLimit === undefined) return;
        // Only now: it would hold for the sessions that filled the database, too.
        await database.query(`ALTER DATABASE ${quoteIdentifier(into)} CONNECTION LIMIT ${connectionLimit}`);
      });
    } catch (error) {
      const busy = sqlState(error) === "55006"; // object_in_use: somebody has connected again
      if (!busy || attempt >= SWAP_ATTEMPTS) throw error;
    }
  }
}
