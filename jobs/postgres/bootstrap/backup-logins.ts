import { type Database, JobError, quoteIdentifier, quoteLiteral } from "../../shared";
import { MARK, makeRole, setPassword } from "./roles";
import { BACKUP_ROLE, type BackupSpecification, loginName } from "./specification";

/** A backup, its own verification and a manual backup may run at the same time. */
const USUAL_SESSIONS = 10;

/**
 * The logins for backups: they can read everything and change nothing. That includes rows behind row security, and
 * large objects, for which PostgreSQL has no bulk grant.
 */
export async function makeBackupLogins(
  leader: Database,
  { logins, connectionLimit }: BackupSpecification,
  databases: readonly string[],
  passwordOf: (file: string) => string,
): Promise<void> {
  const group = quoteIdentifier(BACKUP_ROLE);
  await makeRole(leader, BACKUP_ROLE, "NOLOGIN");
  await leader.query(`GRANT pg_read_all_data TO ${group}`);
  for (const database of databases) {
    await leader.query(`GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${group}`);
  }
  for (const { epoch, passwordFile } of logins) {
    const name = loginName(BACKUP_ROLE, epoch);
    const login = quoteIdentifier(name);
    await makeRole(leader, name, "LOGIN");
    await leader.query(`COMMENT ON ROLE ${login} IS ${quoteLiteral(MARK + BACKUP_ROLE)};
      ALTER ROLE ${login} BYPASSRLS CONNECTION LIMIT ${connectionLimit ?? USUAL_SESSIONS};
      ALTER ROLE ${login} SET lo_compat_privileges = on;
      GRANT ${group} TO ${login}`);
    await setPassword(leader, { name, password: passwordOf(passwordFile) });
  }
}

/**
 * Drops logins of epochs before the newest two. All their privileges come from their group, so nothing depends on them.
 */
export async function retireBackupLogins(leader: Database): Promise<string[]> {
  const { rows } = await leader.query<{ name: string; sessions: number }>(
    `SELECT rolname AS name, (SELECT count(*)::integer FROM pg_stat_activity WHERE usesysid = role.oid) AS sessions
     FROM pg_roles AS role WHERE shobj_description(oid, 'pg_authid') = $1`,
    [MARK + BACKUP_ROLE],
  );
  const epochOf = (name: string) => Number(name.slice(BACKUP_ROLE.length + 1));
  const old = rows.sort((a, b) => epochOf(b.name) - epochOf(a.name)).slice(2);
  const inUse = old.filter(({ sessions }) => sessions > 0).map(({ name }) => name);
  if (inUse.length > 0)
    throw new JobError(
      `still in use, and kept: ${inUse.join(", ")}. Wait for the backup, then retire again.`,
    );
  for (const { name } of old) await leader.query(`DROP ROLE ${quoteIdentifier(name)}`);
  return old.map(({ name }) => name);
}
