import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { problem } from "./checks";

/** The database of the CRM, and the application of object storage whose user its storage service is. */
export const CRM = { database: "crm", application: "crm" } as const;

/** Pods and sessions of PostgreSQL of one of GardenOS' programs. */
export interface Scale {
  /** Pods without load. */
  readonly least: number;
  /** Pods under load. */
  readonly most: number;
  /** Sessions of each pod. */
  readonly sessions: number;
}

type GardenosService = "auth" | "authenticator" | "storage" | "agents" | "api";

/** During an update, one more pod of each program runs. */
const SURGE = 1;

/** How far GardenOS' programs scale, by environment. Programs that the settings leave out have no pods. */
export function gardenosScale({
  environment,
  gardenos,
}: Pick<Settings, "environment" | "gardenos">): Readonly<Partial<Record<GardenosService, Scale>>> {
  if (!gardenos) return {};
  const dev = environment === "dev";
  const most = gardenos.mostReplicas ?? (dev ? 2 : 10);
  const least = Math.min(dev ? 1 : 2, most);
  return {
    auth: { least, most, sessions: 2 },
    authenticator: { least, most, sessions: 3 },
    storage: { least, most: Math.min(most, 3), sessions: 2 },
    ...(gardenos.api && { api: { least, most: least, sessions: 2 } }),
    ...(gardenos.agents && { agents: { least: 1, most: Math.min(most, 2), sessions: 2 } }),
  };
}

/** Sessions of a pod in which agents work: those for tasks, and all, with the one that listens. */
export const WORKER_SESSIONS = { tasks: 2, all: 3 } as const;

/** Sessions of PostgreSQL that each login may hold, with all its pods. Workers of agents use the agents' login. */
export function gardenosSessions(
  settings: Pick<Settings, "environment" | "gardenos">,
): Readonly<Partial<Record<GardenosService, number>>> {
  const agents = settings.gardenos?.agents;
  // An image of the user's own has no pods of workers, and as many sessions as it had.
  const workers = ((agents?.mostWorkers ?? 1) + SURGE) * WORKER_SESSIONS.all;
  return Object.fromEntries(
    Object.entries(gardenosScale(settings)).map(([service, { most, sessions }]) => [
      service,
      (most + SURGE) * sessions + (service === "agents" ? workers : 0),
    ]),
  );
}

interface Drafts {
  readonly gardenos: Settings["gardenos"];
  readonly postgres: Settings["postgres"] | undefined;
  readonly minio: Settings["minio"] | undefined;
}

/** GardenOS needs its database, and a user of object storage with a bucket. */
export function checkGardenos({ gardenos, postgres, minio }: Drafts): Problem[] {
  if (!gardenos) return [];
  return [
    ...(postgres && !postgres.databases[CRM.database]
      ? [
          problem(
            ["postgres", "databases"],
            Object.keys(postgres.databases),
            `a list with \`${CRM.database}\`: GardenOS keeps its rows there`,
          ),
        ]
      : []),
    ...(minio && !minio.applications[CRM.application]
      ? [
          problem(
            ["minio", "applications"],
            Object.keys(minio.applications),
            `a list with \`${CRM.application}\`: GardenOS' storage service keeps its objects in that application's first bucket`,
          ),
        ]
      : []),
  ];
}
