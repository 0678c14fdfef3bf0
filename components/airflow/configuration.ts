import * as pulumi from "@pulumi/pulumi";
import { AIRFLOW, DAGS_FOLDER, PORTS } from "./names";

/** A key of a Secret. */
export interface SecretKey {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

export interface ConfigurationArgs {
  /** The name under which the interface is reached from outside. */
  readonly host: pulumi.Input<string>;

  /** Where the SQLAlchemy URL of the metadata database is. */
  readonly database: SecretKey;

  /** Where logs of finished tasks are kept. @default with the pod that ran the task, and so until it goes */
  readonly remoteLogs?: {
    readonly bucket: string;
    /** Where the URL of Airflow's connection to the object store is. */
    readonly connection: SecretKey;
  };

  /** Where the token for Slack is. @default failures are told nobody */
  readonly slackToken?: SecretKey;
}

/** The keys of Airflow's own Secret. */
export const SECRET_KEYS = {
  fernet: "fernet-key",
  jwt: "jwt-secret",
  api: "api-secret-key",
  admin: "admin-password",
} as const;

const LOG_CONNECTION = "trellis_logs";

/** What every process of Airflow is told, as the environment of its container. */
export function configuration({ host, database, remoteLogs, slackToken }: ConfigurationArgs) {
  const own = (key: string): SecretKey => ({ name: AIRFLOW.secret, key });
  const plain: Record<string, string> = {
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor", // the work is in pods; what is left fits beside the scheduler
    AIRFLOW__CORE__AUTH_MANAGER: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__DAGS_FOLDER: DAGS_FOLDER,
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://${AIRFLOW.apiServer}:${PORTS.api}/execution/`,
    // Per process: at most ten connections, so that Airflow cannot take all that its role may have.
    AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE: "5",
    AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW: "5",
    AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK: "True",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30", // a new stream list is read after so many seconds
    ...(remoteLogs && {
      AIRFLOW__LOGGING__REMOTE_LOGGING: "True",
      AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER: `s3://${remoteLogs.bucket}/logs`,
      AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID: LOG_CONNECTION,
    }),
  };
  const secret: Record<string, SecretKey> = {
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: database,
    AIRFLOW__CORE__FERNET_KEY: own(SECRET_KEYS.fernet),
    AIRFLOW__API_AUTH__JWT_SECRET: own(SECRET_KEYS.jwt),
    AIRFLOW__API__SECRET_KEY: own(SECRET_KEYS.api),
    ...(remoteLogs && { [`AIRFLOW_CONN_${LOG_CONNECTION.toUpperCase()}`]: remoteLogs.connection }),
    ...(slackToken && { TRELLIS_SLACK_TOKEN: slackToken }),
  };
  return [
    { name: "AIRFLOW__API__BASE_URL", value: pulumi.interpolate`https://${host}` },
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    ...Object.entries(secret).map(([name, key]) => ({ name, valueFrom: { secretKeyRef: { ...key } } })),
  ];
}
