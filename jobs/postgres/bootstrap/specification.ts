import { z } from "zod";

/**
 * The desired content of a PostgreSQL cluster: the program renders it, and the bootstrap job reads it. Names may
 * contain anything that PostgreSQL accepts; names that it would truncate or that it reserves are refused.
 */

/** PostgreSQL silently truncates longer names, so that two of them could become one. */
const LONGEST_NAME = 63;

/** The longest suffix of a database's role: `_migrate`. */
const SUFFIX = "_migrate".length;

const RESERVED = /^(pg_.*|postgres|template[01]|public|none|current_user|current_role|session_user|user)$/i;

const bytes = (text: string) => Buffer.byteLength(text);

/** The name of a PostgreSQL object, existing or new. */
const anyName = (what: string, longest: number) =>
  z
    .string()
    .min(1, `${what} needs a name`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
    .refine((given) => !/[\u0000-\u001f\u007f]/.test(given), {
      error: `${what} has a control character in its name`,
    })
    .refine((given) => given === given.normalize("NFC"), {
      error: ({ input }) => `${what} ${JSON.stringify(input)}: its name is not in the normal form NFC`,
    })
    .refine((given) => bytes(given) <= longest, {
      error: ({ input }) =>
        `${what} ${JSON.stringify(input)}: its name has ${bytes(String(input))} bytes, allowed: at most ${longest}`,
    });

const name = (what: string, longest: number) =>
  anyName(what, longest).refine((given) => !RESERVED.test(given), {
    error: ({ input }) => `${what} ${JSON.stringify(input)}: PostgreSQL keeps this name for itself`,
  });

const seconds = z.int().min(0).max(86_400).optional();

/** Session timeouts; 0 means no limit. */
const timeouts = z.strictObject({
  statementSeconds: seconds,
  lockSeconds: seconds,
  idleInTransactionSeconds: seconds,
});

/** Maximum of concurrent sessions. Absent: no separate limit. */
const connectionLimit = z.int().min(1).max(10_000).optional();

const database = z.strictObject({
  name: name("the database", LONGEST_NAME - SUFFIX),
  extensions: z.array(anyName("the extension", LONGEST_NAME)).default([]),
  connectionLimit,
  timeouts: timeouts.default({}),
});

const login = z.strictObject({
  /** Incremented by each rotation; the newest two are kept. */
  epoch: z.int().min(1).max(999_999),
  /** The file with the password, in the folder that the job receives. */
  passwordFile: z
    .string()
    .regex(/^[-._a-zA-Z0-9]+$/, "allowed: the name of a file, as a Secret's key can be"),
});

const application = z.strictObject({
  name: name("the application", LONGEST_NAME - "_999999".length),
  database: z.string(),
  /**
   * read: rows only. write: change rows. migrate: also tables and all other objects, which then belong to the
   * database's owner.
   */
  access: z.enum(["read", "write", "migrate"]),
  logins: z.array(login).min(1, "an application needs a login"),
  connectionLimit,
  timeouts: timeouts.default({}),
});

/** Logins that read all databases, for backups. */
const backup = z.strictObject({ logins: z.array(login).min(1, "the backup needs a login"), connectionLimit });

/**
 * What Supabase's services, and the agents and API beside them, find in a database: their roles, their schemas, and a
 * login of each epoch. The roles have the names that the services expect, so that one database of a server has them.
 */
const supabase = z.strictObject({
  database: z.string(),
  services: z.partialRecord(
    z.enum(["authenticator", "auth", "storage", "agents", "api"]),
    z.strictObject({ logins: z.array(login).min(1, "a service needs a login"), connectionLimit }),
  ),
});

export const specification = z
  .strictObject({
    databases: z.array(database),
    applications: z.array(application),
    supabase: supabase.optional(),
    backup: backup.optional(),
    /** Patroni's dynamic configuration, as far as the program controls it. */
    patroni: z.record(z.string(), z.json()).optional(),
  })
  .superRefine(({ databases, applications, supabase, backup }, context) => {
    const problem = (message: string) => context.addIssue({ code: "custom", message });
    const known = new Set(databases.map((each) => each.name));
    const roles = [
      ...databases.flatMap((each) => Object.values(rolesOf(each.name))),
      ...applications.flatMap((each) => each.logins.map(({ epoch }) => loginName(each.name, epoch))),
      ...Object.entries(supabase?.services ?? {}).flatMap(([service, { logins }]) =>
        // Safe: the schema has no other key.
        logins.map(({ epoch }) => loginName(SUPABASE_GROUPS[service as SupabaseService], epoch)),
      ),
      ...(supabase ? [...API_ROLES, ...Object.values(SUPABASE_GROUPS)] : []),
      ...(backup ? [BACKUP_ROLE, ...backup.logins.map(({ epoch }) => loginName(BACKUP_ROLE, epoch))] : []),
    ];
    for (const twice of duplicates(databases.map((each) => each.name))) {
      problem(`the database ${JSON.stringify(twice)} is there twice`);
    }
    for (const twice of duplicates(roles)) problem(`the role ${JSON.stringify(twice)} would be made twice`);
    if (supabase && !known.has(supabase.database)) {
      problem(`supabase wants the database ${JSON.stringify(supabase.database)}, which is not there`);
    }
    for (const { name, database } of applications) {
      if (!known.has(database)) {
        problem(
          `the application ${JSON.stringify(name)} wants the database ${JSON.stringify(database)}, which is not there`,
        );
      }
    }
  });

/** The group of the backup logins; pg_hba.conf names it too (components/data/postgres/members/host-access.ts). */
export const BACKUP_ROLE = "trellis_backup";

/** The roles that a request takes, by its token. */
export const API_ROLES = ["anon", "authenticated", "service_role"] as const;

/** The group of each service, which owns what its logins create. Its logins have its name and their epoch. */
export const SUPABASE_GROUPS = {
  authenticator: "authenticator",
  auth: "supabase_auth_admin",
  storage: "supabase_storage_admin",
  agents: "crm_agents",
  api: "crm_api",
} as const;

export type SupabaseService = keyof typeof SUPABASE_GROUPS;
export type SupabaseSpecification = z.output<typeof supabase>;

export type Specification = z.output<typeof specification>;
export type BackupSpecification = NonNullable<Specification["backup"]>;
export type DatabaseSpecification = Specification["databases"][number];
export type ApplicationSpecification = Specification["applications"][number];

/** The roles of a database, none of which can log in. */
export const rolesOf = (database: string) => ({
  owner: `${database}_owner`,
  read: `${database}_read`,
  write: `${database}_write`,
  migrate: `${database}_migrate`,
});

export type DatabaseRoles = ReturnType<typeof rolesOf>;

export const loginName = (application: string, epoch: number) => `${application}_${epoch}`;

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
