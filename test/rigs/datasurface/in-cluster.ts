import type { DataSurfaceArgs } from "../../../components/systems/datasurface";
import { ACCEPTANCE } from "../airflow/model";

const BOUND = { hosts: [`${ACCEPTANCE.mergeHost}:5432`], sslmode: "verify-full" } as const;

/** The acceptance model in a cluster. */
export const DATASURFACE_ARGS: DataSurfaceArgs = {
  monitoring: true,
  namespace: ACCEPTANCE.namespace,
  model: ACCEPTANCE.model,
  origin: { repository: { url: "https://git.example/model.git", branch: "main" } },
  image: ACCEPTANCE.image,
  mergeHost: ACCEPTANCE.mergeHost,
  authorities: "the authority of PostgreSQL",
  credentials: {
    postgres: { user: "datasurface_merge_migrator_1", password: "secret", ...BOUND },
    customers: { user: "customer_db_reader_1", password: "secret", ...BOUND },
  },
  gitToken: "token",
  airflow: { namespace: "airflow", accounts: ["airflow-scheduler", "airflow-triggerer"] },
  simulator: {
    replicas: 1,
    source: { host: ACCEPTANCE.mergeHost, database: "customer_db" },
    login: { user: "customer_db_migrator_1", password: "secret" },
  },
};
