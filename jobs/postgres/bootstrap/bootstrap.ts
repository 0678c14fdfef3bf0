import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PatroniAccess } from "../../patroni";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  lockedTransaction,
  type Outcome,
  openDatabase,
  reason,
  retry,
  transaction,
  withDatabase,
} from "../../shared";
import { makeBackupLogins, retireBackupLogins } from "./backup-logins";
import { grantInside, makeDatabase } from "./databases";
import { makeGroups, makeLogins, retireLogins } from "./roles";
import { rolesOf, type Specification } from "./specification";
import { makeSupabase, makeSupabaseSchemas, retireSupabaseLogins } from "./supabase";

interface BootstrapConfig {
  /** The leader, with a superuser's login. */
  readonly leader: DatabaseAddress;
  readonly specification: Specification;
  /** The folder with the password files. */
  readonly passwords: string;
  /** Whether to drop logins of old epochs. */
  readonly retire: boolean;
  /** How long to wait for a leader. */
  readonly waitSeconds: number;
  /** Required where the specification has a section for Patroni. */
  readonly patroni: PatroniAccess | undefined;
}

const NAME = { purpose: "the leader", applicationName: "postgres bootstrap" };

/**
 * Turns off statement logging for this session: the statements contain password verifiers, which allow offline
 * guessing, and more people can read the log than pg_authid.
 */
const UNHEARD = `SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_duration_sample = -1;
  SET log_min_error_statement = 'panic'; SET log_transaction_sample_rate = 0`;

/** Brings databases, roles and logins to the specification; it can be repeated after any crash. */
export async function bootstrap(config: BootstrapConfig, { log, signal }: Context): Promise<Outcome> {
  const { specification } = config;
  const passwordOf = readPasswords(config);
  if (config.patroni && specification.patroni) {
    const { Patroni } = await import("../../patroni");
    const { restartPending } = await import("../operations");
    const patroni = new Patroni(config.patroni);
    if (await patroni.bringConfigurationTo(specification.patroni, signal, { complete: true }))
      log.info("Patroni's configuration has changed");
    await restartPending(patroni, { log, signal });
  }
  const open = { ...NAME, signal };
  const inDatabase = <T>(name: string, work: (database: Database) => Promise<T>): Promise<T> =>
    withDatabase({ ...config.leader, database: name }, open, async (database) => {
      await database.query(UNHEARD);
      return transaction(database, "BEGIN", () => work(database));
    });

  const gate = await openLeader(config, { log, signal });
  try {
    // With two runs at once, the second waits here and then finds everything done.
    await lockedTransaction(gate, "postgres bootstrap", async () => {
      await withDatabase(config.leader, open, async (leader) => {
        await leader.query(UNHEARD);
        for (const database of specification.databases) {
          await transaction(leader, "BEGIN", () => makeGroups(leader, rolesOf(database.name)));
          await makeDatabase(leader, database);
          await inDatabase(database.name, (inside) => grantInside(inside, database));
          log.info({ database: database.name }, `the database ${database.name} is as specified`);
        }
        for (const application of specification.applications) {
          await transaction(leader, "BEGIN", () => makeLogins(leader, application, passwordOf));
          log.info({ application: application.name }, `the application ${application.name} can log in`);
          if (!config.retire) continue;
          const dropped = await retireLogins(leader, application, inDatabase);
          if (dropped.length > 0) log.info({ dropped }, `retired: ${dropped.join(", ")}`);
        }
        const { backup, supabase } = specification;
        if (supabase) {
          await transaction(leader, "BEGIN", () => makeSupabase(leader, supabase, passwordOf));
          await inDatabase(supabase.database, (inside) => makeSupabaseSchemas(inside, supabase));
          if (config.retire) await retireSupabaseLogins(leader, supabase, inDatabase);
          log.info({ database: supabase.database }, "Supabase's services can log in");
        }
        if (backup) {
          const names = specification.databases.map(({ name }) => name);
          await transaction(leader, "BEGIN", () => makeBackupLogins(leader, backup, names, passwordOf));
          if (config.retire) await retireBackupLogins(leader);
          log.info("backups can log in");
        }
      });
    });
  } finally {
    await gate.end().catch(() => undefined);
  }
  return "done";
}

/** Waits for a leader that accepts writes: during the first `up` the members are still being created. */
async function openLeader(
  { leader, waitSeconds }: BootstrapConfig,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<Database> {
  const deadline = Date.now() + waitSeconds * 1000;
  return retry(
    async () => {
      const database = await openDatabase(leader, { ...NAME, signal });
      const { rows } = await database.query<{ standby: boolean }>("SELECT pg_is_in_recovery() AS standby");
      if (!rows[0]?.standby) return database;
      await database.end();
      throw new JobError(`${leader.host}:${leader.port} is a replica: the bootstrap needs the leader`);
    },
    {
      attempts: Number.POSITIVE_INFINITY,
      firstDelayMs: 500,
      longestDelayMs: 5_000,
      signal,
      retryable: () => Date.now() < deadline,
      onRetry: (error) => {
        log.info(`waiting for the leader: ${reason(error)}`);
        return undefined;
      },
    },
  );
}

/** Reads all passwords before anything is changed; errors never contain a password. */
function readPasswords({ specification, passwords }: BootstrapConfig): (file: string) => string {
  const files = [
    ...specification.applications,
    ...Object.values(specification.supabase?.services ?? {}),
    ...(specification.backup ? [specification.backup] : []),
  ].flatMap(({ logins }) => logins.map(({ passwordFile }) => passwordFile));
  const read = new Map(
    files.map((file) => {
      const path = join(passwords, file);
      let password: string;
      try {
        password = readFileSync(path, "utf8").replace(/\n$/, "");
      } catch {
        throw new JobError(`${path}: the password cannot be read`);
      }
      if (!/^[\x21-\x7e]{12,256}$/.test(password)) {
        throw new JobError(
          `${path}: not a password. Allowed: 12 to 256 printable characters of ASCII, no spaces`,
        );
      }
      return [file, password] as const;
    }),
  );
  return (file) => {
    const password = read.get(file);
    if (password === undefined) throw new Error(`the password ${file} was not read`);
    return password;
  };
}
