import { versions } from "../../shared/versions";

/** The user `postgres` of the official image. */
export const POSTGRES_USER = 999;

/** Folder of PostgreSQL's programs of a major release, as Debian's packages have it. */
export const programsOf = (major: number): string => `/usr/lib/postgresql/${major}/bin`;

/** The major release that the image runs. */
export const MAJOR = Number(versions.postgres.version.split(".")[0]);

/** Paths in the members' container; the configuration refers to them. */
export const PATHS = {
  programs: programsOf(MAJOR),
  data: "/var/lib/postgresql/data/pgdata",
  volume: "/var/lib/postgresql/data",
  sockets: "/var/run/postgresql",
  config: "/etc/patroni",
  serverCertificates: "/etc/trellis/postgres",
  etcdCertificates: "/etc/trellis/etcd",
} as const;
