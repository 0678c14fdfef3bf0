import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { problem } from "./checks";

const AIRFLOW_PROCESSES = ["apiServer", "scheduler", "dagProcessor", "triggerer"] as const;
export type AirflowProcess = (typeof AIRFLOW_PROCESSES)[number];

/** The number of each of Airflow's processes; none without Airflow. In prod the default is two for those that must not be interrupted. */
export function airflowProcesses({
  environment,
  airflow,
}: Pick<Settings, "environment" | "airflow">): Record<AirflowProcess, number> {
  const usual = (process: AirflowProcess) => (environment === "prod" && process !== "dagProcessor" ? 2 : 1);
  const counts = AIRFLOW_PROCESSES.map((each) => [
    each,
    airflow ? (airflow.replicas[each] ?? usual(each)) : 0,
  ]);
  return Object.fromEntries(counts) as Record<AirflowProcess, number>; // safe: the keys are AIRFLOW_PROCESSES
}

/** With fewer sessions a process can block itself: while one session holds a lock, others must work. */
export const LEAST_AIRFLOW_SESSIONS = 4;

interface Drafts {
  readonly environment: Settings["environment"] | undefined;
  readonly airflow: Settings["airflow"] | undefined;
  readonly datasurface: Settings["datasurface"];
  readonly postgres: Settings["postgres"] | undefined;
}

/** Checks that the databases of Airflow and DataSurface exist and allow enough sessions. */
export function checkAirflow({ environment, airflow, datasurface, postgres }: Drafts): Problem[] {
  if (!environment || airflow === undefined || !postgres) return [];
  if (!airflow) {
    return datasurface
      ? [
          problem(
            ["airflow"],
            airflow,
            "a block of settings with `datasurface`: Airflow runs DataSurface's jobs",
            "remove it, or write `datasurface: false` too",
          ),
        ]
      : [];
  }
  const { databases } = postgres;
  const missing = (database: string, why: string) =>
    database in databases
      ? []
      : [
          problem(
            ["postgres", "databases"],
            Object.keys(databases).join(", "),
            `${database} as well: ${why}`,
          ),
        ];
  const processes = Object.values(airflowProcesses({ environment, airflow })).reduce((a, b) => a + b);
  const connections = databases.airflow_db?.connections;
  return [
    ...(connections !== undefined && connections < processes * LEAST_AIRFLOW_SESSIONS
      ? [
          problem(
            ["postgres", "databases", "airflow_db", "connections"],
            connections,
            `at least ${processes * LEAST_AIRFLOW_SESSIONS}: ${LEAST_AIRFLOW_SESSIONS} for each of Airflow's ${processes} processes`,
          ),
        ]
      : []),
    ...(airflow.slackChannel !== undefined
      ? missing("airflow_db", "airflow.slackChannel has no effect without Airflow")
      : []),
    ...(datasurface ? missing("airflow_db", "Airflow, which runs DataSurface's jobs, needs it") : []),
    ...(datasurface && datasurface.simulator.replicas > 0
      ? missing("customer_db", "DataSurface's simulator changes its rows")
      : []),
  ];
}
