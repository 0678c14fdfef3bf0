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
  /** Name of the cluster in etcd, whose keys are below /service/<scope>/. */
  readonly scope: string;

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
   * slower.
   */
  readonly synchronous: boolean;

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

/**
 * Patroni's timing, in seconds. The key of a leader that died stays until the ttl has run out, and that is nearly all
 * of the outage after the loss of a server. A crash of PostgreSQL alone is noticed within one loop_wait.
 *
 * - Since its last renewal, a leader notices after loop_wait (1) that the next one fails, and tries for retry_timeout
 *   (4). Then it asks all members for their consent, twice 2 s at most. So at 9 s it has either the consent (failsafe
 *   mode) or has demoted itself. The key is gone at 12 s, so even a slow etcd never makes two leaders.
 *   patroni/patroni#3678 shows what happens when the consent comes later than that. Patroni's own rule, loop_wait + 2 x
 *   retry_timeout <= ttl, holds with 3 s to spare.
 * - retry_timeout is longer than the election of a new etcd leader, which takes 1 to 2 s.
 * - Patroni raises a ttl below 20 to 20 by itself; the image's trellis-patroni.py lowers that limit.
 * - A longer loop_wait would shorten this outage further, because the key is then older when its holder dies. But then
 *   every crash that can be repaired in place would take longer to be noticed.
 */
export const CLOCK = { ttl: 12, loop_wait: 1, retry_timeout: 4 } as const;

/** How many bytes an asynchronous standby may lack and still become leader: one WAL segment. */
const MOST_LAG_AT_FAILOVER = 16 * 1024 * 1024;

/**
 * patroni.yml, the same for every member. What differs (name, addresses) and what is secret comes from the environment:
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
      // The password comes from the environment; without it Patroni refuses to start.
      authentication: { username: "patroni" },
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
  archiving,
}: Pick<PatroniArgs, "memoryMib" | "synchronous" | "archiving">) {
  return {
    ...CLOCK,
    maximum_lag_on_failover: MOST_LAG_AT_FAILOVER,
    // How long a crashed leader may try to recover by itself before a standby is promoted. A restart after a crash
    // takes seconds, and a promotion ends every session.
    primary_start_timeout: 10,
    primary_stop_timeout: 20,
    // Without etcd, the leader continues as long as it reaches all members and they agree that it leads.
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
