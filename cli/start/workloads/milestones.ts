import type { LocalPostgres } from "../services";
import type { Environment } from "./environment";
import type { System, Workload } from "./workloads";

/** How a verb runs differently here than in the cluster, and why. */
export interface Pace {
  /** Additional arguments. @default none */
  readonly words?: readonly string[];
  /** Variables to set, or to remove where undefined. @default none */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The reason; the board shows it. */
  readonly why: string;
}

/** When a verb runs. */
export type Part =
  /** Once, at the position `rank` within its system. */
  | {
      readonly part: "once";
      readonly rank: number;
      readonly programs?: readonly string[];
      readonly pace?: Pace;
    }
  /** Once in each round, in parallel with others of its kind. */
  | { readonly part: "batch"; readonly pace?: Pace }
  /** Continuously while the batches run; it is stopped afterwards. */
  | { readonly part: "beside"; readonly pace?: Pace }
  /** As long as the stack is served; its log names the address that it listens on. */
  | { readonly part: "server"; readonly pace: Pace }
  | { readonly part: "elsewhere"; readonly why: string };

interface Surroundings {
  /** The URL of the sample files of the rain provider. */
  readonly rainProvider: string;
  readonly postgres: Pick<LocalPostgres, "port" | "password">;
}

/** How often each stream is ingested while its source changes. One more round follows after the changes stop. */
export const ROUNDS = 6;

const CHANGES_A_SECOND = 60;

const DUMPS = ["pg_dump", "pg_restore", "zstd"];

/** When and how each verb of the manifests runs; systems run in the order of this table. */
export function partOf({ kind, verb }: Pick<Workload, "kind" | "verb">, around: Surroundings): Part {
  const rain: Pace = {
    environment: { MCFCD_BASE_URL: around.rainProvider, RAIN_RATE_LIMIT_SECONDS: "0.02" },
    why: "uses generated files instead of the district's, without pauses between requests",
  };
  const dump: Pace = {
    environment: { BACKUP_BIN_DIR: undefined },
    why: "uses pg_dump from the PATH, not the image's",
  };
  const drill: Pace = {
    environment: {
      ...dump.environment,
      BACKUP_SERVER_PORT: String(around.postgres.port),
      BACKUP_SERVER_PASSWORD: around.postgres.password,
    },
    why: "restores into scratch databases of this PostgreSQL, not into a sidecar",
  };
  const parts: Readonly<Record<string, Part>> = {
    "postgres bootstrap": { part: "once", rank: 0 },
    "postgres migrate": { part: "once", rank: 1 },
    "postgres discover": {
      part: "elsewhere",
      why: "watches Patroni's leader key in etcd; here there is only one server",
    },
    "storage provision": {
      part: "elsewhere",
      why: "needs MinIO's administration API; the S3 server here has the same buckets and keys",
    },
    "datasurface infrastructure": {
      part: "once",
      rank: 2,
      pace: {
        environment: { STREAM_LIST: undefined },
        why: "does not write the list of streams, because no Airflow runs here",
      },
    },
    "datasurface ingest": { part: "batch" },
    "datasurface simulate": {
      part: "beside",
      pace: {
        words: ["--rate", String(CHANGES_A_SECOND)],
        why: `${CHANGES_A_SECOND} changes a second, not one in 5 to 30 s`,
      },
    },
    "rain import-years": { part: "once", rank: 3, pace: rain },
    "rain import-year": { part: "once", rank: 4, pace: rain },
    "rain import-fopr": { part: "once", rank: 5, pace: rain },
    "rain validate": { part: "once", rank: 6 },
    "rain serve-api": {
      part: "server",
      pace: {
        environment: { RAIN_HOST: "127.0.0.1", RAIN_PORT: "0" },
        why: "listens on a free port of loopback",
      },
    },
    "backup create": { part: "once", rank: 10, programs: DUMPS, pace: dump },
    "backup verify": { part: "once", rank: 11, programs: DUMPS, pace: dump },
    "backup drill": { part: "once", rank: 12, programs: DUMPS, pace: drill },
    "backup prune": { part: "once", rank: 13 },
    "backup monitor": {
      part: "elsewhere",
      why: "checks the age of backups for the cluster's alerts",
    },
    "backup restore": { part: "elsewhere", why: "started manually only" },
  };
  const known = parts[verb];
  if (known) return known;
  return kind === "Deployment"
    ? { part: "elsewhere", why: "a server, not a job" }
    : {
        part: "elsewhere",
        why: "the local run does not support this verb yet (cli/start/jobs/milestones.ts)",
      };
}

/** Whether a system is part of a run; the shared platform always is. */
export const isWanted = (system: System, only: System | undefined): boolean =>
  only === undefined || system === "platform" || system === only;

/** The environment and arguments, changed for this run. */
export function atPace(environment: Environment, words: readonly string[], pace: Pace | undefined) {
  const changed: Record<string, string> = { ...environment };
  for (const [name, value] of Object.entries(pace?.environment ?? {})) {
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  }
  return { environment: changed, words: [...words, ...(pace?.words ?? [])] };
}
