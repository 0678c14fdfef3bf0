import { type Database, JobError, quoteIdentifier, quoteLiteral } from "../../shared";
import { scramVerifier, verifies } from "./scram";
import { type ApplicationSpecification, type DatabaseRoles, loginName, rolesOf } from "./specification";

/** Comment that marks the roles of this job; no other role is ever dropped. */
export const MARK = "trellis login of ";

interface Login {
  readonly name: string;
  readonly password: string;
}

/** The groups of a database: a writer can also read; a migrator can also write and become the owner. */
export async function makeGroups(leader: Database, roles: DatabaseRoles): Promise<void> {
  for (const role of Object.values(roles)) await makeRole(leader, role, "NOLOGIN");
  const { owner, read, write, migrate } = mapValues(roles, quoteIdentifier);
  await leader.query(`GRANT ${read} TO ${write}; GRANT ${write} TO ${migrate};
    GRANT ${owner} TO ${migrate} WITH INHERIT FALSE, SET TRUE`);
}

/** The logins of an application, each with the password of its epoch; all logins in the specification work. */
export async function makeLogins(
  leader: Database,
  application: ApplicationSpecification,
  passwordOf: (file: string) => string,
): Promise<void> {
  const roles = rolesOf(application.database);
  const database = quoteIdentifier(application.database);
  for (const { epoch, passwordFile } of application.logins) {
    const name = loginName(application.name, epoch);
    const login = quoteIdentifier(name);
    await makeRole(leader, name, "LOGIN");
    await leader.query(`COMMENT ON ROLE ${login} IS ${quoteLiteral(MARK + application.name)};
      ALTER ROLE ${login} CONNECTION LIMIT ${application.connectionLimit ?? -1}`);
    await revokeOthers(leader, name, roles[application.access]);
    await leader.query(`GRANT ${quoteIdentifier(roles[application.access])} TO ${login}`);
    await leader.query(`ALTER ROLE ${login} IN DATABASE ${database} RESET ALL`);
    for (const [setting, value] of timeoutSettings(application.timeouts)) {
      await leader.query(`ALTER ROLE ${login} IN DATABASE ${database} SET ${setting} = ${value}`);
    }
    if (application.access === "migrate") {
      // Everything that the login creates belongs to the owner, whichever epoch created it.
      await leader.query(
        `ALTER ROLE ${login} IN DATABASE ${database} SET role = ${quoteLiteral(roles.owner)}`,
      );
    }
    await setPassword(leader, { name, password: passwordOf(passwordFile) });
  }
}

/** Drops logins of epochs before the newest two; refuses those in use. Returns the dropped logins. */
export async function retireLogins(
  leader: Database,
  application: Pick<ApplicationSpecification, "name" | "database">,
  inDatabase: <T>(name: string, work: (database: Database) => Promise<T>) => Promise<T>,
): Promise<string[]> {
  const { rows } = await leader.query<{ name: string; sessions: number }>(
    `SELECT rolname AS name, (SELECT count(*)::integer FROM pg_stat_activity WHERE usesysid = role.oid) AS sessions
     FROM pg_roles AS role WHERE shobj_description(oid, 'pg_authid') = $1`,
    [MARK + application.name],
  );
  const epochs = rows
    .map(({ name, sessions }) => ({ name, sessions, epoch: Number(name.slice(application.name.length + 1)) }))
    .sort((a, b) => b.epoch - a.epoch);
  const old = epochs.slice(2);
  const { owner } = rolesOf(application.database);
  for (const { name } of old.filter(({ sessions }) => sessions === 0)) {
    const login = quoteIdentifier(name);
    await inDatabase(application.database, (database) =>
      database.query(`REASSIGN OWNED BY ${login} TO ${quoteIdentifier(owner)}; DROP OWNED BY ${login}`),
    );
    await leader.query(`DROP ROLE ${login}`);
  }
  const inUse = old.filter(({ sessions }) => sessions > 0);
  if (inUse.length > 0) {
    const names = inUse.map(({ name, sessions }) => `${name} (${sessions} sessions)`).join(", ");
    throw new JobError(`still in use, and kept: ${names}. Restart what uses them, then retire again.`);
  }
  return old.map(({ name }) => name);
}

/** PostgreSQL settings, in milliseconds. */
export function timeoutSettings(timeouts: ApplicationSpecification["timeouts"]): [string, number][] {
  return Object.entries({
    statement_timeout: timeouts.statementSeconds,
    lock_timeout: timeouts.lockSeconds,
    idle_in_transaction_session_timeout: timeouts.idleInTransactionSeconds,
  }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value * 1000] as [string, number]]));
}

export async function makeRole(leader: Database, name: string, kind: "LOGIN" | "NOLOGIN"): Promise<void> {
  const { rowCount } = await leader.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
  const rights = `${kind} INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`;
  await leader.query(`${rowCount ? "ALTER" : "CREATE"} ROLE ${quoteIdentifier(name)} ${rights}`);
}

/** An application's access may have been reduced, and an existing login may be in any group. */
async function revokeOthers(leader: Database, login: string, kept: string): Promise<void> {
  const { rows } = await leader.query<{ name: string }>(
    `SELECT granted.rolname AS name FROM pg_auth_members
     JOIN pg_roles AS granted ON granted.oid = roleid JOIN pg_roles AS holder ON holder.oid = member
     WHERE holder.rolname = $1 AND granted.rolname <> $2`,
    [login, kept],
  );
  for (const { name } of rows) {
    await leader.query(`REVOKE ${quoteIdentifier(name)} FROM ${quoteIdentifier(login)}`);
  }
}

export async function setPassword(leader: Database, { name, password }: Login): Promise<void> {
  const { rows } = await leader.query<{ verifier: string | null }>(
    "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = $1",
    [name],
  );
  if (verifies(rows[0]?.verifier ?? null, password)) return;
  await leader.query(`ALTER ROLE ${quoteIdentifier(name)} PASSWORD ${quoteLiteral(scramVerifier(password))}`);
}

function mapValues<K extends string>(
  of: Record<K, string>,
  change: (value: string) => string,
): Record<K, string> {
  // Safe: the keys are the same.
  return Object.fromEntries(Object.entries<string>(of).map(([key, value]) => [key, change(value)])) as Record<
    K,
    string
  >;
}
