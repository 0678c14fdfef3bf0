export const REPLICATION_USER = "replicator";
export const REWIND_USER = "rewinder";

/** The group of the logins that make backups. They read every table, so they may log in from pods alone. */
export const BACKUP_GROUP = "trellis_backup";

/** The passwords, each under the variable that Patroni reads it from. */
export const PASSWORD_VARIABLES = {
  superuser: "PATRONI_SUPERUSER_PASSWORD",
  replication: "PATRONI_REPLICATION_PASSWORD",
  rewind: "PATRONI_REWIND_PASSWORD",
  rest: "PATRONI_RESTAPI_PASSWORD",
  etcd: "PATRONI_ETCD3_PASSWORD",
} as const;
