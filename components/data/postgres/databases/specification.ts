import type { Settings } from "../../../settings";
import { BACKUP_GROUP } from "../logins";

/**
 * What the bootstrap job makes; its twin, which judges every field, is the specification of jobs/postgres. Each database
 * gets three applications, by what they may do there.
 */
export const ACCESSES = ["read", "write", "migrate"] as const;
export type Access = (typeof ACCESSES)[number];

const APPLICATION: Record<Access, string> = { read: "reader", write: "writer", migrate: "migrator" };

export type DatabaseSettings = Settings["postgres"]["databases"];

export interface Login {
  readonly database: string;
  readonly access: Access;
  readonly epoch: number;
  /** As PostgreSQL knows it. */
  readonly user: string;
  /** The file of its password in the mounted Secret. */
  readonly passwordFile: string;
}

/** The logins that work at an epoch: its own, and the former one until everybody has changed over. */
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

/** A login that makes backups; like all logins, the former one works beside the newest. */
export interface BackupLogin {
  readonly epoch: number;
  readonly user: string;
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

/** What the bootstrap job reads, as JSON. */
export function bootstrapSpecification(
  databases: DatabaseSettings,
  backupEpoch: number,
  dynamicConfiguration: object,
): string {
  const logins = loginsOf(databases);
  const specification = {
    databases: Object.entries(databases).map(([name, { extensions }]) => ({ name, extensions })),
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
    backup: {
      logins: backupLoginsOf(backupEpoch).map(({ epoch, passwordFile }) => ({ epoch, passwordFile })),
    },
    patroni: dynamicConfiguration,
  };
  return `${JSON.stringify(specification, undefined, 2)}\n`;
}

function applicationName(database: string, access: Access): string {
  return `${database}_${APPLICATION[access]}`;
}
