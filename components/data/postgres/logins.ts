export const REPLICATION_USER = "replicator";
export const REWIND_USER = "rewinder";

/** Group of the logins that make backups. They can read every table, so they may log in only from pods. */
export const BACKUP_GROUP = "trellis_backup";

/** The variables that Patroni reads its passwords from; also their keys in the Secret. */
export const PASSWORD_VARIABLES = {
  superuser: "PATRONI_SUPERUSER_PASSWORD",
  replication: "PATRONI_REPLICATION_PASSWORD",
  rewind: "PATRONI_REWIND_PASSWORD",
  rest: "PATRONI_RESTAPI_PASSWORD",
  etcd: "PATRONI_ETCD3_PASSWORD",
} as const;
