import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ObjectStoreAccess } from "../../data";
import type { AirflowProcess } from "../../settings";
import { AIRFLOW, DAGS_FOLDER, PORTS } from "./names";

export interface ConfigurationArgs {
  /** The name under which the interface is reached from outside. */
  readonly host: pulumi.Input<string>;

  /** How many sessions of the metadata database one process may hold. */
  readonly sessions: number;

  /** The bucket for the logs of finished tasks. @default they stay with the pod that ran the task, until it goes */
  readonly logBucket: pulumi.Input<string> | undefined;

  /** Whether somebody collects metrics. */
  readonly monitoring: boolean;

  /** Whether there is a token for Slack. */
  readonly tellsSlack: boolean;
}

/** The keys of Airflow's Secrets. */
export const KEYS = {
  fernet: "fernet-key",
  jwt: "jwt-secret",
  api: "api-secret-key",
  admin: "admin-password",
  /** For the processes, and for the migration. */
  write: "write-url",
  migrate: "migrate-url",
  connection: "connection",
  token: "token",
} as const;

export const LOG_CONNECTION = "trellis_logs";

/** Where the authorities are mounted, and under which names. */
export const AUTHORITIES_FOLDER = "/etc/trellis/authorities";
export const AUTHORITIES = { database: "postgres.crt", logs: "storage.crt" } as const;

/** How often the image itself looks for the database before it runs anything; it is told not to. */
export const IMAGE_ASKS = "CONNECTION_CHECK_MAX_COUNT";
export const DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN";

export type Variable = Omit<k8s.types.input.core.v1.EnvVar, "name"> & { readonly name: string };

/** What every process of Airflow is told, as the environment of its container; a migration is `undefined`. */
export function configuration(args: ConfigurationArgs, part: AirflowProcess | undefined): Variable[] {
  const plain: Record<string, pulumi.Input<string>> = {
    [IMAGE_ASKS]: "0",
    AIRFLOW__API__BASE_URL: pulumi.interpolate`https://${args.host}`,
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor", // the work is in pods; what is left fits beside the scheduler
    // Of one scheduler. With logs in object storage a worker was seen to hold 184 MiB, and the process of its task some 200:
    // the default of 32 outgrows a scheduler within minutes. A task waits for its pod in the triggerer, and in no worker.
    AIRFLOW__CORE__PARALLELISM: "4",
    AIRFLOW__CORE__AUTH_MANAGER: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__DAGS_FOLDER: DAGS_FOLDER,
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://${AIRFLOW.apiServer}:${PORTS.api}/execution/`,
    // The API server reads the log of a running task where it runs, and a pod has no name in DNS.
    AIRFLOW__CORE__HOSTNAME_CALLABLE: "airflow.utils.net.get_host_ip_address",
    AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE: String(poolSize(args.sessions, part)),
    AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW: "0",
    // By libpq's own variables: the two drivers of Airflow take other words in a URL.
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: `${AUTHORITIES_FOLDER}/${AUTHORITIES.database}`,
    AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK: "True",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30", // a new stream list is read after so many seconds
    // A task reads its DAG's file and all that it imports anew; on a busy server that alone has outlasted the default of 30.
    AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT: "120",
    AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT: "150", // never before the import itself gives up
    // Workers, and the tasks that these fork, come from a process that has loaded all that tasks need: dags/trellis_loaded.py
    ...(part === "scheduler" && {
      AIRFLOW__CORE__MP_START_METHOD: "forkserver",
      AIRFLOW__CORE__MP_FORKSERVER_PRELOAD: "trellis_loaded",
      PYTHONPATH: DAGS_FOLDER,
    }),
    // Trust X-Forwarded-Proto from the ingress; otherwise Airflow generates http links.
    // Nobody but the ingress and Airflow itself is let through to it.
    ...(part === "apiServer" && { FORWARDED_ALLOW_IPS: "*" }),
    ...(args.monitoring && {
      AIRFLOW__METRICS__STATSD_ON: "True",
      AIRFLOW__METRICS__STATSD_HOST: AIRFLOW.statsd,
      AIRFLOW__METRICS__STATSD_PORT: String(PORTS.statsd),
      AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED: "True", // DAG, task and pool as tags, which become labels
      AIRFLOW__METRICS__LEGACY_NAMES_ON: "False", // or all would be told twice
    }),
    ...(args.logBucket !== undefined && {
      AIRFLOW__LOGGING__REMOTE_LOGGING: "True",
      AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER: pulumi.interpolate`s3://${args.logBucket}/logs`,
      AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID: LOG_CONNECTION,
    }),
  };
  const secret: Record<string, readonly [name: string, key: string]> = {
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
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    ...Object.entries(secret).map(([name, [object, key]]) => ({
      name,
      valueFrom: { secretKeyRef: { name: object, key } },
    })),
  ];
}

/**
 * The API server has two pools, for requests that wait for the database and for those that do not; the others have one,
 * and a session for what asks whether they live.
 */
function poolSize(sessions: number, part: AirflowProcess | undefined): number {
  return Math.max(1, part === "apiServer" ? Math.floor(sessions / 2) : sessions - 1);
}

/** Airflow's connection to the bucket, as JSON. */
export const logConnection = ({
  endpoint,
  region,
  accessKey,
  secretKey,
}: ObjectStoreAccess): pulumi.Output<string> =>
  pulumi.jsonStringify({
    conn_type: "aws",
    login: accessKey,
    password: secretKey,
    extra: {
      endpoint_url: endpoint,
      region_name: region,
      verify: `${AUTHORITIES_FOLDER}/${AUTHORITIES.logs}`,
    },
  });

/** A connection string of the platform's PostgreSQL as SQLAlchemy wants it; how it is secured is said by variables. */
export const sqlAlchemyUrl = (connection: string): string =>
  connection.replace(/^postgres(ql)?:/, "postgresql:").replace(/\?.*$/, "");
