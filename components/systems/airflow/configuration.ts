import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ObjectStoreAccess } from "../../data";
import type { AirflowProcess } from "../../settings";
import { tracesEnvironment } from "../traces";
import { AIRFLOW, DAGS_FOLDER, PORTS } from "./names";

export interface ConfigurationArgs {
  /** The external host name of the web interface. */
  readonly host: pulumi.Input<string>;

  /** How many sessions of the metadata database one process may open. */
  readonly sessions: number;

  /** The bucket for logs of finished tasks. Without one, a log exists only as long as the pod that ran the task. */
  readonly logBucket: pulumi.Input<string> | undefined;

  /** Whether Prometheus runs in the cluster. If so, Airflow sends metrics to the StatsD exporter. */
  readonly monitoring: boolean;

  /** Where traces go: the address of a collector. @default none are recorded */
  readonly traces?: string | undefined;

  /** Whether the Secret with the Slack token exists. */
  readonly tellsSlack: boolean;
}

export const KEYS = {
  fernet: "fernet-key",
  jwt: "jwt-secret",
  api: "api-secret-key",
  admin: "admin-password",
  /** The login of the processes; `migrate` is the login of the migration. */
  write: "write-url",
  migrate: "migrate-url",
  connection: "connection",
  token: "token",
} as const;

const LOG_CONNECTION = "trellis_logs";

/** The mount path of the CA certificates, and their file names. */
export const AUTHORITIES_FOLDER = "/etc/trellis/authorities";
export const AUTHORITIES = { database: "postgres.crt", logs: "storage.crt" } as const;

/**
 * How often the image's entrypoint checks the database before it starts anything. We set it to 0: the init container
 * checks.
 */
export const IMAGE_ASKS = "CONNECTION_CHECK_MAX_COUNT";
export const DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN";

export type Variable = Omit<k8s.types.input.core.v1.EnvVar, "name"> & { readonly name: string };

/** The environment of an Airflow container. `part` is undefined for the migration. */
export function configuration(args: ConfigurationArgs, part: AirflowProcess | undefined): Variable[] {
  return [
    ...tracesEnvironment(args.traces),
    ...Object.entries(settings(args, part)).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretSettings(args, part)).map(([name, [object, key]]) => ({
      name,
      valueFrom: { secretKeyRef: { name: object, key } },
    })),
  ];
}

function settings(
  args: ConfigurationArgs,
  part: AirflowProcess | undefined,
): Record<string, pulumi.Input<string>> {
  return {
    [IMAGE_ASKS]: "0",
    AIRFLOW__API__BASE_URL: pulumi.interpolate`https://${args.host}`,
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor", // tasks run in pods; the rest fits into the scheduler's pod
    // For each scheduler. With logs in object storage a worker used 184 MiB and its task process about 200 MiB, so the
    // default of 32 exceeds a scheduler's memory within minutes. A task waits for its pod in the triggerer, not in a
    // worker.
    AIRFLOW__CORE__PARALLELISM: "4",
    AIRFLOW__CORE__AUTH_MANAGER: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__DAGS_FOLDER: DAGS_FOLDER,
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://${AIRFLOW.apiServer}:${PORTS.api}/execution/`,
    // The API server fetches the log of a running task from its pod by IP address, because a pod has no DNS name.
    AIRFLOW__CORE__HOSTNAME_CALLABLE: "airflow.utils.net.get_host_ip_address",
    AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE: String(poolSize(args.sessions, part)),
    AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW: "0",
    // libpq's own variables, because Airflow's two drivers expect different parameters in the URL.
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: `${AUTHORITIES_FOLDER}/${AUTHORITIES.database}`,
    AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK: "True",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30", // seconds until a new stream list is read
    // Each task parses its DAG file with all imports. On a busy server that alone took longer than the default of 30 s.
    AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT: "120",
    AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT: "150", // above the import timeout, which then fires first
    // Fork workers and their tasks from a process that has already imported all that tasks need
    // (dags/trellis_loaded.py).
    ...(part === "scheduler" && {
      AIRFLOW__CORE__MP_START_METHOD: "forkserver",
      AIRFLOW__CORE__MP_FORKSERVER_PRELOAD: "trellis_loaded",
      PYTHONPATH: DAGS_FOLDER,
    }),
    // Trust X-Forwarded-Proto from the ingress; otherwise Airflow generates http links.
    // The network policies allow connections only from the ingress and from Airflow itself.
    ...(part === "apiServer" && { FORWARDED_ALLOW_IPS: "*" }),
    ...(args.monitoring && {
      AIRFLOW__METRICS__STATSD_ON: "True",
      AIRFLOW__METRICS__STATSD_HOST: AIRFLOW.statsd,
      AIRFLOW__METRICS__STATSD_PORT: String(PORTS.statsd),
      AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED: "True", // send DAG, task and pool as tags, which become labels
      AIRFLOW__METRICS__LEGACY_NAMES_ON: "False", // otherwise Airflow sends every metric twice
    }),
    ...(args.traces !== undefined && {
      AIRFLOW__TRACES__OTEL_ON: "True",
      OTEL_TRACES_EXPORTER: "otlp_proto_http",
      OTEL_SERVICE_NAME: "airflow",
    }),
    ...(args.logBucket !== undefined && {
      AIRFLOW__LOGGING__REMOTE_LOGGING: "True",
      AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER: pulumi.interpolate`s3://${args.logBucket}/logs`,
      AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID: LOG_CONNECTION,
    }),
  };
}

/** Settings that come from Secrets: for each variable the name of the Secret and the key. */
function secretSettings(
  args: ConfigurationArgs,
  part: AirflowProcess | undefined,
): Record<string, readonly [name: string, key: string]> {
  return {
    [DATABASE]: [AIRFLOW.database, part ? KEYS.write : KEYS.migrate],
    AIRFLOW__CORE__FERNET_KEY: [AIRFLOW.secret, KEYS.fernet],
    AIRFLOW__API_AUTH__JWT_SECRET: [AIRFLOW.secret, KEYS.jwt],
    AIRFLOW__API__SECRET_KEY: [AIRFLOW.secret, KEYS.api],
    ...(args.logBucket !== undefined && {
      [`AIRFLOW_CONN_${LOG_CONNECTION.toUpperCase()}`]: [AIRFLOW.logs, KEYS.connection],
    }),
    ...(args.tellsSlack && { TRELLIS_SLACK_TOKEN: [AIRFLOW.slack, KEYS.token] }),
    ...(part === undefined && { TRELLIS_ADMIN_PASSWORD: [AIRFLOW.secret, KEYS.admin] }),
  };
}

/**
 * The size of a process's connection pool. The API server has two pools (async and sync), so each gets half of the
 * sessions. The other processes have one pool and leave one session for the liveness check.
 */
function poolSize(sessions: number, part: AirflowProcess | undefined): number {
  return Math.max(1, part === "apiServer" ? Math.floor(sessions / 2) : sessions - 1);
}

export const logConnection = ({
  endpoint,
  region,
  accessKey,
  secretKey,
  authority,
}: ObjectStoreAccess): pulumi.Output<string> =>
  pulumi.jsonStringify({
    conn_type: "aws",
    login: accessKey,
    password: secretKey,
    extra: {
      endpoint_url: endpoint,
      region_name: region,
      ...(authority && { verify: `${AUTHORITIES_FOLDER}/${AUTHORITIES.logs}` }),
    },
  });

/**
 * Converts a connection string of the platform's PostgreSQL for SQLAlchemy. It drops the parameters, because libpq's
 * variables configure TLS.
 */
export const sqlAlchemyUrl = (connection: string): string =>
  connection.replace(/^postgres(ql)?:/, "postgresql:").replace(/\?.*$/, "");
