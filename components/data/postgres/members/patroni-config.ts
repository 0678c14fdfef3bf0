import { stringify } from "yaml";
import {
  type Archiving,
  archiveParameters,
  archiveSection,
  recoveryBootstrap,
  restoreCommand,
} from "../archive";
import { REPLICATION_USER, REWIND_USER } from "../logins";
import { hostAccess } from "./host-access";
import { memoryParameters } from "./memory";

export interface PatroniArgs {
  /** The cluster's name in etcd: its keys lie below /service/<scope>/. */
  readonly scope: string;

  /** etcd's members, each as host:port. */
  readonly etcd: readonly string[];

  /** Whether etcd asks for a user's password as well as for a certificate. @default true */
  readonly etcdHasUsers?: boolean;

  /** Where the certificates lie in the container. */
  readonly certificates: {
    /** Authority, certificate and key of the connection to etcd. */
    readonly etcd: Certificates;
    /** Authority, certificate and key that PostgreSQL and the REST API show. */
    readonly server: Certificates;
  };

  /** The pods' ranges, and those of the servers before them. */
  readonly pods: readonly string[];
  readonly servers: readonly string[];

  /** The container's limit, from which PostgreSQL's memory parameters follow. */
  readonly memoryMib: number;

  /** Whether a commit waits until a replica has it: no acknowledged row is lost with the leader. */
  readonly synchronous: boolean;

  /** Where the data lie. */
  readonly dataDirectory: string;

  /** Where the unix socket lies. */
  readonly socketDirectory: string;

  /** Where PostgreSQL's programs lie. */
  readonly programs: string;

  /** Ports; what production has unless a test runs several members at one address. */
  readonly ports?: { readonly postgres: number; readonly rest: number };

  /** Where to listen; every address of the pod by default. */
  readonly listen?: string;

  /** Where the log is archived to, and replicas are made from. @default nowhere */
  readonly archiving?: Archiving | undefined;
}

export interface Certificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * Patroni's clock, in seconds. A leader that died holds its key until the ttl has run out, and that is nearly all of the
 * outage after the loss of a server; a crash of PostgreSQL alone is noticed within one loop_wait.
 *
 * - Since its last renewal a leader notices after loop_wait (1) that the next one fails, tries for retry_timeout (4), then
 *   asks all members for their consent, twice 2 s at most: at 9 s it has either got it (failsafe mode) or demoted itself.
 *   The key is gone at 12 s, so even a slow etcd never makes two leaders (patroni/patroni#3678 is what happens when the
 *   consent comes later than that). Patroni's own rule, loop_wait + 2 x retry_timeout <= ttl, holds with 3 s to spare.
 * - retry_timeout outlasts the election of a new leader of etcd, which takes 1 to 2 s.
 * - Patroni raises a ttl below 20 to 20 by itself; the image's trellis-patroni.py lowers that floor.
 * - A longer loop_wait would shorten the outage further, since the key is then older when its holder dies, but at the
 *   price of every crash that can be mended in place.
 */
export const CLOCK = { ttl: 12, loop_wait: 1, retry_timeout: 4 } as const;

/** The most that an asynchronous replica may have missed, in bytes, and still lead: one segment of the log. */
const MOST_LAG_AT_FAILOVER = 16 * 1024 * 1024;

/**
 * patroni.yml, the same for every member: what differs (name, addresses) and what is secret comes by the environment,
 * PATRONI_NAME, PATRONI_*_CONNECT_ADDRESS and PATRONI_*_PASSWORD.
 */
export function patroniConfig(args: PatroniArgs): string {
  const { etcd, server } = args.certificates;
  const { postgres, rest } = args.ports ?? { postgres: 5432, rest: 8008 };
  const listen = args.listen ?? "0.0.0.0";
  return `# Patroni of ${args.scope}, rendered by Trellis.
${stringify(
  {
    scope: args.scope,
    namespace: "/service/",
    etcd3: {
      hosts: [...args.etcd],
      cacert: etcd.authority,
      cert: etcd.certificate,
      key: etcd.key,
      ...(args.etcdHasUsers !== false && { username: "patroni" }),
    },
    restapi: {
      listen: `${listen}:${rest}`,
      cafile: server.authority,
      certfile: server.certificate,
      keyfile: server.key,
      authentication: { username: "patroni" }, // without a password from the environment Patroni refuses to start
    },
    ctl: { cacert: server.authority },
    bootstrap: {
      dcs: dynamicConfiguration(args),
      initdb: INITDB,
      ...(args.archiving && recoveryBootstrap(args.archiving)),
    },
    postgresql: {
      listen: `${listen}:${postgres}`,
      data_dir: args.dataDirectory,
      bin_dir: args.programs,
      pgpass: `${args.socketDirectory}/pgpass`, // in memory of the pod, never on the volume
      use_unix_socket: true,
      use_unix_socket_repl: true,
      authentication: {
        superuser: { username: "postgres" },
        replication: { username: REPLICATION_USER, sslmode: "verify-ca", sslrootcert: server.authority },
        rewind: { username: REWIND_USER, sslmode: "verify-ca", sslrootcert: server.authority },
      },
      parameters: {
        unix_socket_directories: args.socketDirectory,
        ssl: "on",
        ssl_ca_file: server.authority,
        ssl_cert_file: server.certificate,
        ssl_key_file: server.key,
      },
      pg_hba: hostAccess(args),
      ...(args.archiving && archiveSection(args.archiving)),
    },
    tags: { nofailover: false, noloadbalance: false, clonefrom: true, nosync: false },
    log: { level: "INFO", type: "json" },
  },
  { lineWidth: 0 },
)}`;
}

const INITDB = [{ encoding: "UTF8" }, { locale: "C.UTF-8" }, "data-checksums"];

/** What all members share and Patroni keeps in etcd; the bootstrap job brings a running cluster up to it. */
export function dynamicConfiguration({
  memoryMib,
  synchronous,
  archiving,
}: Pick<PatroniArgs, "memoryMib" | "synchronous" | "archiving">) {
  return {
    ...CLOCK,
    maximum_lag_on_failover: MOST_LAG_AT_FAILOVER,
    // How long a crashed leader may try to come back by itself before another is made: a restart after a crash takes
    // seconds, and a promotion costs every session.
    primary_start_timeout: 10,
    primary_stop_timeout: 20,
    // With etcd away, the leader goes on as long as it reaches all members and they agree that it leads.
    failsafe_mode: true,
    synchronous_mode: synchronous ? "quorum" : "off",
    ...(synchronous && { synchronous_node_count: 1 }),
    postgresql: {
      use_pg_rewind: true,
      use_slots: true,
      parameters: {
        ...memoryParameters(memoryMib),
        ...DURABILITY,
        ...OBSERVABILITY,
        ...(archiving && archiveParameters(archiving)),
      },
      ...(archiving && { recovery_conf: { restore_command: restoreCommand(archiving) } }),
    },
  };
}

const DURABILITY = {
  wal_level: "logical", // Supabase's realtime and CDC read it; the cost over "replica" is small
  wal_log_hints: "on",
  max_wal_senders: 10,
  max_replication_slots: 10,
  max_slot_wal_keep_size: "4GB", // a replica that is away for long is made anew instead of filling the leader's disk
  max_wal_size: "1GB",
  min_wal_size: "256MB",
  checkpoint_timeout: "10min",
  checkpoint_completion_target: 0.9,
  random_page_cost: 1.1,
  password_encryption: "scram-sha-256",
  hot_standby: "on",
  hot_standby_feedback: "on", // or a backup from a replica ends with the first row that vacuum removes under it
  tcp_keepalives_idle: 30,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
} as const;

const OBSERVABILITY = {
  log_destination: "stderr",
  logging_collector: "off", // the container's log is the log
  log_min_duration_statement: 500,
  log_checkpoints: "on",
  log_lock_waits: "on",
  log_temp_files: 1024,
  log_autovacuum_min_duration: 1000,
  shared_preload_libraries: "pg_stat_statements",
  track_io_timing: "on",
} as const;
