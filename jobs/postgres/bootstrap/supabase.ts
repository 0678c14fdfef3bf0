import { type Database, quoteIdentifier, quoteLiteral } from "../../shared";
import { MARK, makeRole, retireLogins, setPassword } from "./roles";
import {
  API_ROLES,
  loginName,
  rolesOf,
  SUPABASE_GROUPS,
  type SupabaseService,
  type SupabaseSpecification,
} from "./specification";

/** Schemas in which a service creates its own tables. */
const SCHEMAS = { auth: "auth", storage: "storage" } as const;

/** What each login is for the whole of a session. PostgREST's takes the role of each request instead. */
const SESSION_ROLE: Readonly<Record<SupabaseService, string | undefined>> = {
  authenticator: undefined,
  auth: SUPABASE_GROUPS.auth,
  storage: SUPABASE_GROUPS.storage,
  agents: SUPABASE_GROUPS.agents,
  api: "service_role",
};

/** The roles that Supabase's services expect, and the logins of the services. */
export async function makeSupabase(
  leader: Database,
  { database, services }: SupabaseSpecification,
  passwordOf: (file: string) => string,
): Promise<void> {
  for (const role of [...API_ROLES, ...Object.values(SUPABASE_GROUPS)]) {
    await makeRole(leader, role, "NOLOGIN");
    await leader.query(`GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(role)}`);
  }
  const roles = API_ROLES.join(", ");
  // Nobody has a role's privileges by being a member: each request takes its role, and no other.
  await leader.query(`
    ALTER ROLE anon NOINHERIT; ALTER ROLE authenticated NOINHERIT;
    ALTER ROLE service_role NOINHERIT BYPASSRLS;
    ALTER ROLE ${SUPABASE_GROUPS.authenticator} NOINHERIT;
    GRANT ${roles} TO ${SUPABASE_GROUPS.authenticator}, ${SUPABASE_GROUPS.storage} WITH INHERIT FALSE, SET TRUE;
    GRANT service_role TO ${SUPABASE_GROUPS.api}, ${quoteIdentifier(rolesOf(database).owner)}
      WITH INHERIT FALSE, SET TRUE`);
  // The agents' queue and memory are schemas of their own.
  await leader.query(`GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${SUPABASE_GROUPS.agents}`);
  // Safe: the specification's schema has no other key.
  for (const [service, specified] of Object.entries(services) as Entries<typeof services>) {
    for (const { epoch, passwordFile } of specified.logins) {
      await makeServiceLogin(leader, {
        service,
        database,
        epoch,
        connectionLimit: specified.connectionLimit,
      });
      const name = loginName(SUPABASE_GROUPS[service], epoch);
      await setPassword(leader, { name, password: passwordOf(passwordFile) });
    }
  }
}

type Entries<Of> = [keyof Of, NonNullable<Of[keyof Of]>][];

interface ServiceLogin {
  readonly service: SupabaseService;
  readonly database: string;
  readonly epoch: number;
  readonly connectionLimit: number | undefined;
}

async function makeServiceLogin(
  leader: Database,
  { service, database, epoch, connectionLimit }: ServiceLogin,
): Promise<void> {
  const group = SUPABASE_GROUPS[service];
  const name = loginName(group, epoch);
  const login = quoteIdentifier(name);
  const here = `ALTER ROLE ${login} IN DATABASE ${quoteIdentifier(database)}`;
  await makeRole(leader, name, "LOGIN");
  await leader.query(`COMMENT ON ROLE ${login} IS ${quoteLiteral(MARK + group)};
    ALTER ROLE ${login} NOINHERIT CONNECTION LIMIT ${connectionLimit ?? -1};
    GRANT ${group} TO ${login} WITH INHERIT FALSE, SET TRUE;
    GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${login};
    ${here} RESET ALL`);
  const role = SESSION_ROLE[service];
  // Everything that a login creates belongs to its group, whichever epoch created it.
  if (role) await leader.query(`${here} SET role = ${quoteLiteral(role)}`);
  if (service === "auth" || service === "storage") {
    await leader.query(`${here} SET search_path = ${quoteLiteral(SCHEMAS[service])}`);
  }
}

/** The schemas of the services, and what the roles of requests may do there. */
export async function makeSupabaseSchemas(
  inside: Database,
  { database }: SupabaseSpecification,
): Promise<void> {
  const owner = quoteIdentifier(rolesOf(database).owner);
  const { auth, storage } = SUPABASE_GROUPS;
  const roles = API_ROLES.join(", ");
  await inside.query(`
    CREATE SCHEMA IF NOT EXISTS auth AUTHORIZATION ${auth};
    CREATE SCHEMA IF NOT EXISTS storage AUTHORIZATION ${storage};
    CREATE SCHEMA IF NOT EXISTS graphql_public AUTHORIZATION ${owner};
    GRANT USAGE ON SCHEMA auth, storage, graphql_public TO ${roles};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${auth} IN SCHEMA auth GRANT EXECUTE ON FUNCTIONS TO ${roles};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${storage} IN SCHEMA storage GRANT ALL ON TABLES TO ${roles};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${storage} IN SCHEMA storage GRANT ALL ON SEQUENCES TO ${roles};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${storage} IN SCHEMA storage GRANT ALL ON FUNCTIONS TO ${roles}`);
}

/** Drops logins of epochs before the newest two. */
export async function retireSupabaseLogins(
  leader: Database,
  { database, services }: SupabaseSpecification,
  inDatabase: <T>(name: string, work: (database: Database) => Promise<T>) => Promise<T>,
): Promise<void> {
  // Safe: the specification's schema has no other key.
  for (const service of Object.keys(services) as SupabaseService[]) {
    await retireLogins(leader, { name: SUPABASE_GROUPS[service], database }, inDatabase);
  }
}
