import { BACKUP_GROUP } from "../logins";

/**
 * Kinds of access to a database; each database gets one application for each. jobs/postgres parses the specification
 * and validates every field; keep both in step.
 */
export const ACCESSES = ["read", "write", "migrate"] as const;
export type Access = (typeof ACCESSES)[number];

const APPLICATION: Record<Access, string> = { read: "reader", write: "writer", migrate: "migrator" };

/** The applications' databases by name. */
export type DatabaseSettings = Readonly<Record<string, DatabaseSetting>>;

export interface DatabaseSetting {
  /** Extensions that a superuser creates in the database. */
  readonly extensions: readonly string[];
  /** Sessions that all of its logins may hold together, and so also the most of one login. */
  readonly connections: number;
  /** The epoch of its passwords; increments make new logins. */
  readonly epoch: number;
}

export interface Login {
  /** Name of the database. */
  readonly database: string;
  /** What the login may do there. */
  readonly access: Access;
  /** The epoch of its password; increments make new logins. */
  readonly epoch: number;
  /** Name of the login in PostgreSQL. */
  readonly user: string;
  /** Name of its password's file in the mounted Secret. */
  readonly passwordFile: string;
}

/** The logins that work at an epoch: its own, and the previous epoch's until all applications have changed over. */
export function loginsOf(databases: DatabaseSettings): Login[] {
  return Object.entries(databases).flatMap(([database, { epoch }]) =>
    ACCESSES.flatMap((access) =>
      [epoch - 1, epoch]
        .filter((each) => each >= 1)
        .map((each) => {
          const user = `${applicationName(database, access)}_${each}`;
          return { database, access, epoch: each, user, passwordFile: user };
        }),
    ),
  );
}

/** A login that makes backups. As with all logins, the previous one works next to the newest. */
export interface BackupLogin {
  /** The epoch of its password; increments make new logins. */
  readonly epoch: number;
  /** Name of the login in PostgreSQL. */
  readonly user: string;
  /** Name of its password's file in the mounted Secret. */
  readonly passwordFile: string;
}

export function backupLoginsOf(epoch: number): BackupLogin[] {
  return [epoch - 1, epoch]
    .filter((each) => each >= 1)
    .map((each) => ({
      epoch: each,
      user: `${BACKUP_GROUP}_${each}`,
      passwordFile: `${BACKUP_GROUP}_${each}`,
    }));
}

/** The login of backups: the epoch of its password, and the sessions that it may hold over all databases. */
export interface BackupAccess {
  readonly epoch: number;
  readonly sessions: number;
}

/**
 * Supabase's services, with the agents and the API beside them, and the group of each in PostgreSQL. jobs/postgres makes
 * the groups; keep both in step.
 */
export const SUPABASE_SERVICES = {
  authenticator: "authenticator",
  auth: "supabase_auth_admin",
  storage: "supabase_storage_admin",
  agents: "crm_agents",
  api: "crm_api",
} as const;

export type SupabaseService = keyof typeof SUPABASE_SERVICES;

/** Supabase's services of a database: their sessions, and the epoch of their passwords. */
export interface SupabaseAccess {
  readonly database: string;
  /** Sessions of each service, at most. A service without an entry gets no login. */
  readonly sessions: Readonly<Partial<Record<SupabaseService, number>>>;
  readonly epoch: number;
}

export interface SupabaseLogin {
  readonly service: SupabaseService;
  readonly epoch: number;
  readonly user: string;
  readonly passwordFile: string;
}

/** As with all logins, the previous epoch's work next to the newest. */
export function supabaseLoginsOf({ sessions, epoch }: SupabaseAccess): SupabaseLogin[] {
  // Safe: the type has no other key.
  return (Object.keys(sessions) as SupabaseService[]).flatMap((service) =>
    [epoch - 1, epoch]
      .filter((each) => each >= 1)
      .map((each) => {
        const user = `${SUPABASE_SERVICES[service]}_${each}`;
        return { service, epoch: each, user, passwordFile: user };
      }),
  );
}

/** Input of the bootstrap job, as JSON. */
export function bootstrapSpecification(
  databases: DatabaseSettings,
  backup: BackupAccess,
  dynamicConfiguration: object,
  supabase?: SupabaseAccess,
): string {
  const logins = loginsOf(databases);
  const specification = {
    databases: Object.entries(databases).map(([name, { extensions, connections }]) => ({
      name,
      extensions,
      connectionLimit: connections + backup.sessions, // PostgreSQL counts every session but a superuser's
    })),
    applications: Object.entries(databases).flatMap(([database, { connections }]) =>
      ACCESSES.map((access) => ({
        name: applicationName(database, access),
        database,
        access,
        connectionLimit: connections,
        logins: logins
          .filter((login) => login.database === database && login.access === access)
          .map(({ epoch, passwordFile }) => ({ epoch, passwordFile })),
      })),
    ),
    ...(supabase && {
      supabase: {
        database: supabase.database,
        services: Object.fromEntries(
          Object.entries(supabase.sessions).map(([service, connectionLimit]) => [
            service,
            {
              connectionLimit,
              logins: supabaseLoginsOf(supabase)
                .filter((login) => login.service === service)
                .map(({ epoch, passwordFile }) => ({ epoch, passwordFile })),
            },
          ]),
        ),
      },
    }),
    backup: {
      connectionLimit: backup.sessions,
      logins: backupLoginsOf(backup.epoch).map(({ epoch, passwordFile }) => ({ epoch, passwordFile })),
    },
    patroni: dynamicConfiguration,
  };
  return `${JSON.stringify(specification, undefined, 2)}\n`;
}

function applicationName(database: string, access: Access): string {
  return `${database}_${APPLICATION[access]}`;
}
