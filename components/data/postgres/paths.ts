import { versions } from "../../shared/versions";

/** The user `postgres` of the official image. */
export const POSTGRES_USER = 999;

/** Paths in the members' container; the configuration refers to them. */
export const PATHS = {
  programs: `/usr/lib/postgresql/${versions.postgres.version.split(".")[0]}/bin`,
  data: "/var/lib/postgresql/data/pgdata",
  volume: "/var/lib/postgresql/data",
  sockets: "/var/run/postgresql",
  config: "/etc/patroni",
  serverCertificates: "/etc/trellis/postgres",
  etcdCertificates: "/etc/trellis/etcd",
} as const;
