import { type Database, quoteIdentifier } from "../../shared";
import { timeoutSettings } from "./roles";
import { type DatabaseSpecification, rolesOf } from "./specification";

/** Creates a missing database, and sets its owner, limits and settings. */
export async function makeDatabase(leader: Database, specification: DatabaseSpecification): Promise<void> {
  const roles = rolesOf(specification.name);
  const database = quoteIdentifier(specification.name);
  const { rowCount } = await leader.query("SELECT FROM pg_database WHERE datname = $1", [specification.name]);
  // CREATE DATABASE cannot run in a transaction; if a run ends right after it, the next one continues.
  if (!rowCount) await leader.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
  await leader.query(`ALTER DATABASE ${database} OWNER TO ${quoteIdentifier(roles.owner)}`);
  await leader.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  await leader.query(`GRANT CONNECT ON DATABASE ${database} TO ${quoteIdentifier(roles.read)}`);
  await leader.query(`GRANT TEMPORARY ON DATABASE ${database} TO ${quoteIdentifier(roles.write)}`);
  await leader.query(`ALTER DATABASE ${database} CONNECTION LIMIT ${specification.connectionLimit ?? -1}`);
  await leader.query(`ALTER DATABASE ${database} RESET ALL`);
  for (const [setting, value] of timeoutSettings(specification.timeouts)) {
    await leader.query(`ALTER DATABASE ${database} SET ${setting} = ${value}`);
  }
}

/** Grants each role its privileges inside a database, on present objects and on those that the owner will create. */
export async function grantInside(database: Database, specification: DatabaseSpecification): Promise<void> {
  const roles = rolesOf(specification.name);
  const [owner, read, write] = [roles.owner, roles.read, roles.write].map(quoteIdentifier);
  for (const extension of specification.extensions) {
    await database.query(`CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(extension)}`);
  }
  await database.query(`ALTER SCHEMA public OWNER TO ${owner}; REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  await database.query(`
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT USAGE ON SCHEMAS TO ${read};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT SELECT ON TABLES TO ${read};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT SELECT ON SEQUENCES TO ${read};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT INSERT, UPDATE, DELETE ON TABLES TO ${write};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT USAGE ON SEQUENCES TO ${write}`);
  const { rows } = await database.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspowner = $1::regrole",
    [owner],
  );
  for (const schema of rows.map(({ name }) => quoteIdentifier(name))) {
    await database.query(`
      GRANT USAGE ON SCHEMA ${schema} TO ${read};
      GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${read};
      GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${read};
      GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${write};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${write}`);
  }
}
