import { endOf } from "../../shared/days";
import { type AlertRule, alertsOf, type WorkloadMetrics } from "../../shared/workloads";
import { COMMON_LABELS, GARDENOS, PORTS, type Program } from "./names";

const { critical, warning } = alertsOf("docs/gardenos.md");

/** The alert on the API's keys begins so many days before their last day. */
const KEYS_NOTICE_DAYS = 30;

/** What Prometheus scrapes of the programs that run, and the alerts. The keys of the API end on a day, YYYY-MM-DD. */
export function gardenosMetrics(
  namespace: string,
  programs: readonly Program[],
  keysUntil: string,
): WorkloadMetrics {
  const up = (program: Program) => `up{namespace="${namespace}",container="${GARDENOS[program]}"}`;
  const scraped = programs.filter((program) => program !== "api" && program !== "agents");
  return {
    object: { name: "gardenos", labels: COMMON_LABELS },
    scrape: { through: "pods", selector: COMMON_LABELS, endpoints: [{ port: "metrics", interval: "30s" }] },
    alerts: [
      ...scraped.map((program) => ({
        ...critical(
          `GardenOS${GARDENOS[program].replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase())}Down`,
          "5m",
          `No pod of GardenOS' ${GARDENOS[program]} answers`,
          "a-program-is-down",
        ),
        expr: `absent(${up(program)} == 1)`,
      })),
      {
        ...warning(
          "GardenOSRestWaits",
          "10m",
          "Requests to PostgREST wait for a database session",
          "postgrest-waits-for-sessions",
        ),
        expr: `max(pgrst_db_pool_waiting{namespace="${namespace}"}) > 0`,
      },
      {
        ...warning(
          "GardenOSAuthFails",
          "10m",
          "More than 5% of the requests to GardenOS' auth service fail",
          "the-auth-service-fails",
        ),
        expr: `sum(rate(http_server_duration_milliseconds_count{namespace="${namespace}",http_status_code=~"5.."}[10m])) / sum(rate(http_server_duration_milliseconds_count{namespace="${namespace}"}[10m])) > 0.05`,
      },
      {
        ...warning(
          "GardenOSKeysEnd",
          "1h",
          `On ${keysUntil} the services of GardenOS refuse the anonymous and the service key`,
          "keys",
        ),
        expr: `vector(time()) > ${endOf(keysUntil) / 1000 - KEYS_NOTICE_DAYS * 86_400}`,
      },
      ...(programs.includes("workers")
        ? [
            {
              ...warning(
                "GardenOSTasksWait",
                "10m",
                "The oldest task of the agents has waited for 15 minutes",
                "tasks-of-agents-wait",
              ),
              expr: `max(agents_queue_oldest_seconds{namespace="${namespace}"}) > 900`,
            },
            {
              ...warning(
                "GardenOSModelFails",
                "10m",
                "The agents have stopped calling their model, because its answers fail",
                "tasks-of-agents-wait",
              ),
              expr: `max(agents_model_circuit_open{namespace="${namespace}"}) > 0`,
            },
          ]
        : []),
    ],
  };
}

/** The alerts when every program runs. */
export const gardenosAlerts = (): readonly AlertRule[] =>
  gardenosMetrics("gardenos", Object.keys(PORTS) as Program[], "2031-12-31").alerts; // safe: the programs are its keys
