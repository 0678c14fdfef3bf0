import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { airflowProcesses, LEAST_AIRFLOW_SESSIONS } from "./airflow";
import { problem } from "./checks";
import { CRM, gardenosSessions } from "./gardenos";
import { postgresSize } from "./postgres";
import { rainServers } from "./rain";

type Environment = Settings["environment"];

/** The parts of the settings that declare sessions of PostgreSQL. */
type Declaring = Pick<Settings, "environment" | "postgres" | "airflow" | "rain" | "datasurface" | "gardenos">;

/** Sessions of PostgreSQL that one user may hold at the same time, at most. */
export interface SessionUse {
  /** The database, or the program. */
  readonly user: string;
  /** The most sessions that it may hold at once. PostgreSQL enforces this number. */
  readonly sessions: number;
  /** What the sessions are for. */
  readonly why: string;
  /** The settings that change the number. @default none: it is fixed */
  readonly setting?: string;
}

/** Memory of one nearly idle session: its process, its catalogue caches, its page tables. */
export const SESSION_MIB = 5;

/** Memory of Patroni, of the background processes, and of what else the kernel charges to the container. */
export const OVERHEAD_MIB = 160;

/**
 * Sessions of superusers, which PostgreSQL keeps free for them: Patroni's two, one of pgBackRest, three of the bootstrap
 * Job. Replication has slots of its own (`max_wal_senders`) since PostgreSQL 12.
 */
export const RESERVED_SESSIONS = 6;

/**
 * `max_connections` at a memory limit: 3/8 of the usable memory, but at most 100 or 25 for each GiB, whichever is more.
 * Beyond that, memory serves better as a cache.
 */
export function maxConnections(memoryMib: number): number {
  const affordable = Math.floor(((memoryMib - OVERHEAD_MIB) * 3) / 8 / SESSION_MIB);
  const most = Math.min(500, Math.max(100, Math.floor((memoryMib * 25) / 1024)));
  return Math.min(affordable, most);
}

/** The least memory in MiB at which PostgreSQL accepts so many sessions; undefined if no memory suffices. */
function memoryFor(connections: number): number | undefined {
  for (let memoryMib = 512; memoryMib <= 32 * 1024; memoryMib += 128) {
    if (maxConnections(memoryMib) >= connections) return memoryMib;
  }
  return undefined;
}

/** The migration Job of Airflow and a command of an operator, beside all processes. */
const BESIDE_AIRFLOW = 2;

/** Ingestion runs that work at once if `connections` of the merge database says nothing else. */
const INGESTION_RUNS: Record<Environment, number> = { dev: 3, staging: 7, prod: 7 };

/** Each run has a session that holds its lock. One more is for the infrastructure Job, one for operators. */
const LOCK_OF_A_RUN = 1;
const BESIDE_RUNS = 2;

/** How many datasets a run reads at once: each takes a session in the merge database and one in the source. */
const datasetsAtOnce = ({ datasurface }: Pick<Settings, "datasurface">): number =>
  datasurface ? datasurface.datasetsAtOnce : 1;

/** How many ingestion runs may work at once with so many sessions in the merge database. */
export const ingestionRuns = (sessions: number, settings: Pick<Settings, "datasurface">): number =>
  Math.max(1, Math.floor((sessions - BESIDE_RUNS) / (LOCK_OF_A_RUN + datasetsAtOnce(settings))));

/** The migrations of the CRM and of its services, and a command of an operator. */
const BESIDE_CRM = 3;

/** Sessions of a database that no program of the platform uses. */
const OTHERS = 5;

/** A dump reads with four sessions, keeps its snapshot in one and runs pg_dump; outside of dev a check runs beside it. */
const BACKUP: Record<Environment, number> = { dev: 6, staging: 8, prod: 8 };

const MERGE = "datasurface_merge";
const SOURCE = "customer_db";

/** The most sessions of backups, which the backup login may hold over all databases. */
export const backupSessions = (environment: Environment): number => BACKUP[environment];

/**
 * The most sessions that all logins of each database may hold together. Settings give the number; otherwise it follows
 * from the programs that use the database.
 */
export function databaseSessions(settings: Declaring): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.keys(settings.postgres.databases).map((name) => [name, usersOf(name, settings).sessions]),
  );
}

function usersOf(name: string, settings: Declaring): { readonly sessions: number; readonly why: string } {
  const given = settings.postgres.databases[name]?.connections;
  const usual = usualUsers(name, settings);
  return given === undefined ? usual : { ...usual, sessions: given };
}

function usualUsers(name: string, settings: Declaring): { readonly sessions: number; readonly why: string } {
  const { environment, airflow, rain, datasurface } = settings;
  if (airflow && name === "airflow_db") {
    const processes = Object.values(airflowProcesses(settings)).reduce((a, b) => a + b);
    return {
      sessions: processes * LEAST_AIRFLOW_SESSIONS + BESIDE_AIRFLOW,
      why: `Airflow's ${processes} processes, its migration`,
    };
  }
  if (rain && name === "rain") {
    const { sessions, most, surge, imports } = rainServers(environment);
    return {
      sessions: sessions * (most + surge) + imports + 1,
      why: `${most + surge} API pods with ${sessions} each, imports, metrics`,
    };
  }
  if (settings.gardenos && name === CRM.database) {
    const programs = Object.values(gardenosSessions(settings)).reduce((a, b) => a + b, 0);
    return { sessions: programs + BESIDE_CRM, why: "GardenOS' programs at their most pods, migrations" };
  }
  if (datasurface && name === MERGE) {
    const runs = INGESTION_RUNS[environment];
    const ofARun = LOCK_OF_A_RUN + datasetsAtOnce(settings);
    return { sessions: runs * ofARun + BESIDE_RUNS, why: `${runs} ingestion runs, operators` };
  }
  if (datasurface && name === SOURCE) {
    const runs = runsOf(settings);
    const simulators = datasurface.simulator.replicas;
    return {
      sessions: runs * datasetsAtOnce(settings) + simulators + 2,
      why: `the source of ${runs} ingestion runs, ${simulators} simulators, operators`,
    };
  }
  return { sessions: OTHERS, why: "applications" };
}

function runsOf(settings: Declaring): number {
  return ingestionRuns(
    MERGE in settings.postgres.databases ? usersOf(MERGE, settings).sessions : 0,
    settings,
  );
}

/** Every declared use of PostgreSQL's sessions, apart from superusers and replication. */
export function sessionUses(settings: Declaring): SessionUse[] {
  return [
    ...Object.keys(settings.postgres.databases).map((name) => ({
      user: name,
      ...usersOf(name, settings),
      setting: `postgres.databases.${name}.connections`,
    })),
    { user: "backups", sessions: BACKUP[settings.environment], why: "dumps of every database" },
    { user: "archive monitor", sessions: 1, why: "the length of the archive's queue" },
  ];
}

/** What PostgreSQL accepts, and what is declared of it. */
export interface SessionBudget {
  /** `max_connections`. */
  readonly most: number;
  /** Of these, those that only superusers get. */
  readonly reserved: number;
  /** The sum of all declared uses. */
  readonly declared: number;
  /** The declared uses. */
  readonly uses: readonly SessionUse[];
}

export function sessionBudget(settings: Declaring): SessionBudget {
  const uses = sessionUses(settings);
  return {
    most: maxConnections(postgresSize(settings).memoryMib),
    reserved: RESERVED_SESSIONS,
    declared: uses.reduce((sum, { sessions }) => sum + sessions, 0),
    uses,
  };
}

interface Drafts {
  readonly environment: Environment | undefined;
  readonly postgres: Settings["postgres"] | undefined;
  readonly airflow: Settings["airflow"] | undefined;
  readonly rain: Settings["rain"] | undefined;
  readonly datasurface: Settings["datasurface"];
  readonly gardenos: Settings["gardenos"];
}

/** Refuses sessions that PostgreSQL does not accept all at once, and a source with fewer sessions than its readers. */
export function checkConnections({
  environment,
  postgres,
  airflow,
  rain,
  datasurface,
  gardenos,
}: Drafts): Problem[] {
  if (!environment || !postgres || airflow === undefined || rain === undefined) return [];
  const settings = { environment, postgres, airflow, rain, datasurface, gardenos };
  return [...tooMany(settings), ...sourceTooSmall(settings)];
}

function tooMany(settings: Declaring): Problem[] {
  const { most, reserved, declared, uses } = sessionBudget(settings);
  if (declared + reserved <= most) return [];
  const { memoryMib } = postgresSize(settings);
  const needed = memoryFor(declared + reserved);
  const list = uses
    .map(({ user, sessions, why, setting }) => `${user} ${sessions} (${why}${setting ? `; ${setting}` : ""})`)
    .join(", ");
  const more = needed === undefined ? "" : `at least ${needed}, or `;
  return [
    problem(
      ["postgres", "memoryMib"],
      memoryMib,
      `${more}fewer declared sessions: ${memoryMib} MiB carry ${most} sessions, of which ${reserved} are reserved for superusers, and ${declared} are declared: ${list}`,
    ),
  ];
}

function sourceTooSmall(settings: Declaring): Problem[] {
  const { datasurface, postgres } = settings;
  const given = postgres.databases[SOURCE]?.connections;
  if (!datasurface || given === undefined) return [];
  const runs = runsOf(settings);
  const simulators = datasurface.simulator.replicas;
  const datasets = datasetsAtOnce(settings);
  const needed = runs * datasets + simulators;
  const each = datasets === 1 ? "" : `, each with ${datasets} sessions (datasurface.datasetsAtOnce)`;
  return given < needed
    ? [
        problem(
          ["postgres", "databases", SOURCE, "connections"],
          given,
          `at least ${needed}: ${runs} ingestion runs read it at once${each}, and ${simulators} simulators change it`,
        ),
      ]
    : [];
}
