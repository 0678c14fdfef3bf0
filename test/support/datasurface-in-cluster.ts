import type { DataSurfaceArgs } from "../../components/datasurface";
import { ACCEPTANCE } from "./airflow-model";

/** The acceptance model in a cluster. */
export const DATASURFACE_ARGS: DataSurfaceArgs = {
  namespace: ACCEPTANCE.namespace,
  model: ACCEPTANCE.model,
  repository: { url: "https://git.example/model.git", branch: "main" },
  image: ACCEPTANCE.image,
  mergeHost: ACCEPTANCE.mergeHost,
  credentials: { postgres: { user: "postgres", password: "secret" } },
  gitToken: "token",
  airflow: { namespace: "airflow", accounts: ["airflow-scheduler", "airflow-triggerer"] },
  simulator: {
    replicas: 1,
    source: { host: ACCEPTANCE.mergeHost, database: "customer_db", credential: "postgres" },
  },
};
