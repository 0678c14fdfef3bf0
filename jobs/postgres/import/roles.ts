import { type Database, quoteIdentifier, quoteLiteral } from "../../shared";

/** The role of the source, and the role that takes its place. */
export type RoleMap = ReadonlyMap<string, string>;

/** Creates the source's roles for as long as its dump is being read: a dump names them. They cannot log in. */
export async function lendRoles(database: Database, roles: RoleMap): Promise<void> {
  for (const name of roles.keys()) await database.query(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN`);
}

/** Gives what a role owns and may do in this database to the role that takes its place. */
export async function mapRoles(database: Database, roles: RoleMap): Promise<void> {
  for (const [from, to] of roles) {
    const [old, fresh] = [quoteIdentifier(from), quoteIdentifier(to)];
    await database.query(`REASSIGN OWNED BY ${old} TO ${fresh}`); // also the owner's own privileges
    const { rows } = await database.query<{ statement: string }>(GRANTS, [from, to]);
    for (const { statement } of rows) await database.query(statement);
    await database.query(`DROP OWNED BY ${old}`);
  }
}

/** Drops the lent roles; an error names what they still have. */
export async function takeRolesBack(database: Database, roles: RoleMap): Promise<void> {
  for (const name of roles.keys()) await database.query(`DROP ROLE IF EXISTS ${quoteIdentifier(name)}`);
}

const NOT_SYSTEM = (column: string) =>
  `${column}::regnamespace::text !~ ${quoteLiteral('^"?(pg_|information_schema)')}`;

const grant = (kind: string, object: string, from: string, where = "true") => `
  SELECT format('GRANT %s ON ${kind} %s TO %I%s', privilege_type, ${object}, $2::text,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
  FROM ${from} AS acl, old WHERE grantee = old.oid AND ${where}`;

/** What the first role may do in this database and does not own, as statements that let the second one do it. */
const GRANTS = `
  WITH old AS (SELECT oid FROM pg_roles WHERE rolname = $1::text)
  ${grant("TABLE", "c.oid::regclass", "pg_class AS c, aclexplode(c.relacl)", `c.relkind <> 'S' AND ${NOT_SYSTEM("c.relnamespace")}`)}
  UNION ALL ${grant("SEQUENCE", "c.oid::regclass", "pg_class AS c, aclexplode(c.relacl)", "c.relkind = 'S'")}
  UNION ALL SELECT format('GRANT %s (%I) ON TABLE %s TO %I%s', privilege_type, attname, attrelid::regclass, $2::text,
      CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_attribute, aclexplode(attacl), old WHERE grantee = old.oid
  UNION ALL ${grant("SCHEMA", "quote_ident(n.nspname)", "pg_namespace AS n, aclexplode(n.nspacl)")}
  UNION ALL ${grant("ROUTINE", "p.oid::regprocedure", "pg_proc AS p, aclexplode(p.proacl)", NOT_SYSTEM("p.pronamespace"))}
  UNION ALL ${grant("TYPE", "t.oid::regtype", "pg_type AS t, aclexplode(t.typacl)", NOT_SYSTEM("t.typnamespace"))}
  UNION ALL ${grant("LARGE OBJECT", "l.oid", "pg_largeobject_metadata AS l, aclexplode(l.lomacl)")}
  UNION ALL SELECT format('ALTER POLICY %I ON %s TO %s', polname, polrelid::regclass,
      (SELECT string_agg(CASE WHEN role = 0 THEN 'PUBLIC' WHEN role = old.oid THEN quote_ident($2::text)
        ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(polroles) AS role))
    FROM pg_policy, old WHERE old.oid = ANY (polroles)
  UNION ALL SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s GRANT %s ON %s TO %s%s',
      CASE WHEN defaclrole = old.oid THEN $2::text ELSE pg_get_userbyid(defaclrole) END,
      CASE WHEN defaclnamespace = 0 THEN '' ELSE format(' IN SCHEMA %I', defaclnamespace::regnamespace::text) END,
      privilege_type, CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
        WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
      CASE WHEN grantee = 0 THEN 'PUBLIC' WHEN grantee = old.oid THEN quote_ident($2::text)
        ELSE quote_ident(pg_get_userbyid(grantee)) END,
      CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_default_acl, aclexplode(defaclacl), old WHERE old.oid IN (defaclrole, grantee)`;
