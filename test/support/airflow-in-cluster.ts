import { Airflow, type AirflowArgs } from "../../components/airflow";
import { ACCEPTANCE, folderOf } from "./airflow-model";
import { evaluateStack } from "./evaluate";

export const AIRFLOW_ARGS: AirflowArgs = {
  namespace: "airflow",
  environment: "prod",
  host: "airflow.example.com",
  database: { name: "airflow-database", key: "url" },
  remoteLogs: { bucket: "airflow", connection: { name: "airflow-logs", key: "url" } },
  slackToken: { name: "slack", key: "token" },
  dags: folderOf({ image: ACCEPTANCE.image }),
};

/** What the component declares. */
export const evaluateAirflow = (args: Partial<AirflowArgs> = {}) =>
  evaluateStack({ program: () => void new Airflow("airflow", { ...AIRFLOW_ARGS, ...args }) });
