import { Airflow, type AirflowArgs } from "../../../components/systems/airflow";
import { evaluateStack } from "../evaluate";
import { deployedFolder as folderOf } from "./model";

export const AIRFLOW_ARGS: AirflowArgs = {
  monitoring: true,
  namespace: "airflow",
  host: "airflow.example.com",
  processes: { apiServer: 2, scheduler: 2, dagProcessor: 1, triggerer: 2 },
  database: {
    write:
      "postgres://airflow_writer:secret@postgres-pooler.postgres.svc:5432/airflow_db?sslmode=verify-full",
    migrate:
      "postgres://airflow_migrator:secret@postgres-primary.postgres.svc:5432/airflow_db?sslmode=verify-full",
    authority: "the authority of PostgreSQL",
    sessions: 30,
  },
  logs: {
    endpoint: "https://minio-api.storage.svc.cluster.local:9000",
    region: "us-east-1",
    bucket: "airflow-logs",
    accessKey: "airflow",
    secretKey: "secret",
    authority: "the authority of MinIO",
  },
  slackToken: "xoxb-1",
  dags: folderOf(),
  streamLists: ["yellowlive", "yellowforensic"].map((platform) => ({
    configMap: `${platform}-streams`,
    file: `${platform}.streams.json`,
  })),
  pools: { datasurface: 14 },
};

/** What the component declares. */
export const evaluateAirflow = (args: Partial<AirflowArgs> = {}) =>
  evaluateStack({ program: () => void new Airflow("airflow", { ...AIRFLOW_ARGS, ...args }) });
