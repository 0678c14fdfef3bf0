import { stringify } from "yaml";
import type { ParameterValue, Synchronous } from "../../../settings";
import {
  type Archiving,
  archiveParameters,
  archiveSection,
  recoveryBootstrap,
  restoreCommand,
} from "../archive";
import { REPLICATION_USER, REWIND_USER } from "../logins";
import { POSTGRES } from "../names";
import { CLOCKS, type Failover } from "./clock";
import { hostAccess } from "./host-access";
import { memoryParameters } from "./memory";

export interface PatroniArgs {
  /** Name of the cluster in etcd, whose keys are below /service/<scope>/. */
  readonly scope: string;

  /** Host name of the members' Service, by which they verify each other's certificate. */
  readonly serverName: string;

  /** Client addresses of etcd's members, each as host:port. */
  readonly etcd: readonly string[];

  /** Whether etcd asks for a user's password as well as for a certificate. @default true */
  readonly etcdHasUsers?: boolean;

  /** Paths of the certificates in the container. */
  readonly certificates: {
    /** CA certificate, certificate and key of the connection to etcd. */
    readonly etcd: Certificates;
    /** CA certificate, certificate and key that PostgreSQL and the REST API present. */
    readonly server: Certificates;
  };

  /** CIDRs of the pods: of the members, the bootstrap job and applications in the cluster. */
  readonly pods: readonly string[];
  /** HAProxy's source CIDRs. PostgreSQL rejects all other addresses outside of the pods' CIDRs. */
  readonly servers: readonly string[];

  /** The container's memory limit in MiB, from which PostgreSQL's memory parameters are computed. */
  readonly memoryMib: number;

  /**
   * Whether a commit waits until a standby has it, so that no acknowledged row is lost with the leader. Commits are
   * slower. Without a standby the leader goes on alone, unless it is `strict`.
   */
  readonly synchronous: Synchronous;

  /** How soon another member leads after the leader is lost. @default standard */
  readonly failover?: Failover | undefined;

  /**
   * Further parameters of PostgreSQL. They take precedence over ours where both are given, so the caller must have
   * judged them.
   * @default none
   */
  readonly parameters?: Readonly<Record<string, ParameterValue>> | undefined;

  /** PostgreSQL's data directory. */
  readonly dataDirectory: string;

  /** Folder of the unix socket. */
  readonly socketDirectory: string;

  /** Folder of PostgreSQL's programs. */
  readonly programs: string;

  /**
   * Ports of PostgreSQL and the REST API. Tests change them to run several members at one address.
   * @default 5432 and 8008
   */
  readonly ports?: { readonly postgres: number; readonly rest: number };

  /** Listen address. @default every address of the pod */
  readonly listen?: string;

  /** Where WAL is archived to and standbys are created from. @default none */
  readonly archiving?: Archiving | undefined;
}

export interface Certificates {
  /** CA certificate that verifies the other side. */
  readonly authority: string;
  /** Own certificate. */
  readonly certificate: string;
  /** Private key of the certificate. */
  readonly key: string;
}

/** How many bytes an asynchronous standby may lack and still become leader: one WAL segment. */
const MOST_LAG_AT_FAILOVER = 16 * 1024 * 1024;

/**
 * patroni.yml, the same for every member. What differs (name, addresses) and what is secret comes from the environment:
 * PATRONI_NAME, PATRONI_*_CONNECT_ADDRESS and PATRONI_*_PASSWORD.
 */
export function patroniConfig(args: PatroniArgs): string {
  const { etcd, server } = args.certificates;
  const { postgres, rest } = args.ports ?? POSTGRES.ports;
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
      // The password comes from the environment; without it Patroni refuses to start.
      authentication: { username: "patroni" },
    },
    // Members announce addresses, which no certificate contains. Each presents the same certificate, so the name of their
    // Service identifies a member as well as its own name would. trellis-patroni.py reads server_name.
    ctl: { cacert: server.authority, server_name: args.serverName },
    bootstrap: {
      dcs: dynamicConfiguration(args),
      initdb: INITDB,
      ...(args.archiving && recoveryBootstrap(args.archiving)),
    },
    postgresql: {
      listen: `${listen}:${postgres}`,
      data_dir: args.dataDirectory,
      bin_dir: args.programs,
      pgpass: `${args.socketDirectory}/pgpass`, // in an emptyDir of the pod, never on its volume
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

/**
 * Patroni's settings that all members share, which Patroni stores in etcd. The bootstrap job applies them to a running
 * cluster.
 */
export function dynamicConfiguration({
  memoryMib,
  synchronous,
  failover = "standard",
  parameters,
  archiving,
}: Pick<PatroniArgs, "memoryMib" | "synchronous" | "failover" | "parameters" | "archiving">) {
  return {
    ...CLOCKS[failover],
    maximum_lag_on_failover: MOST_LAG_AT_FAILOVER,
    // How long a crashed leader may try to recover by itself before a standby is promoted. A restart after a crash
    // takes seconds, and a promotion ends every session.
    primary_start_timeout: 10,
    primary_stop_timeout: 20,
    // Without etcd, the leader continues as long as it reaches all members and they agree that it leads.
    failsafe_mode: true,
    // Patroni drops every slot that it does not know, such as those of DataSurface and of Supabase's realtime.
    ignore_slots: [{ type: "logical", plugin: "pgoutput" }],
    synchronous_mode: synchronous ? "quorum" : "off",
    synchronous_mode_strict: synchronous === "strict",
    ...(synchronous && { synchronous_node_count: 1 }),
    postgresql: {
      use_pg_rewind: true,
      use_slots: true,
      parameters: {
        ...memoryParameters(memoryMib),
        ...DURABILITY,
        ...UPKEEP,
        ...OBSERVABILITY,
        ...parameters,
        ...(archiving && archiveParameters(archiving)),
      },
      ...(archiving && { recovery_conf: { restore_command: restoreCommand(archiving) } }),
    },
  };
}

const DURABILITY = {
  wal_level: "logical", // Supabase's realtime and CDC need it; it costs little more than "replica"
  wal_log_hints: "on",
  max_wal_senders: 10,
  max_replication_slots: 10,
  // A standby that is gone for long is recreated, instead of filling the leader's disk.
  max_slot_wal_keep_size: "4GB",
  max_wal_size: "1GB",
  min_wal_size: "256MB",
  checkpoint_timeout: "10min",
  checkpoint_completion_target: 0.9,
  random_page_cost: 1.1,
  password_encryption: "scram-sha-256",
  hot_standby: "on",
  // Otherwise a backup from a standby fails with the first row that vacuum removes under it.
  hot_standby_feedback: "on",
  tcp_keepalives_idle: 30,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
} as const;

const UPKEEP = {
  // A session that holds a transaction open for so long was forgotten; until it ends, vacuum removes nothing.
  idle_in_transaction_session_timeout: "1h",
  // Full pages are most of the WAL, which is archived to storage off the cluster too.
  wal_compression: "on",
  // Of a large table, a fifth is too much to wait for.
  autovacuum_vacuum_scale_factor: 0.05,
  autovacuum_analyze_scale_factor: 0.02,
} as const;

const OBSERVABILITY = {
  log_destination: "stderr",
  logging_collector: "off", // the container's log is the log
  log_line_prefix: "%m [%p] %q%u@%d %a ", // who, in which database, with which program
  log_min_duration_statement: 500,
  log_checkpoints: "on",
  log_lock_waits: "on",
  log_temp_files: 1024,
  log_autovacuum_min_duration: 1000,
  shared_preload_libraries: "pg_stat_statements",
  track_io_timing: "on",
} as const;
