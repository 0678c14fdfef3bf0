import { numbersOf } from "../nodes";
import { parameterProblem } from "../postgres-parameters";
import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { type HetznerDraft, problem } from "./checks";

/** Whether a commit waits for a standby, and with `strict` also while there is none. */
export type Synchronous = boolean | "strict";

/** The number of PostgreSQL members, and whether a commit waits for a standby. */
export function postgresShape({ environment, postgres }: Pick<Settings, "environment" | "postgres">): {
  readonly replicas: number;
  readonly synchronous: Synchronous;
} {
  const replicas = postgres.replicas ?? (environment === "dev" ? 1 : 3);
  return { replicas, synchronous: postgres.synchronous ?? replicas > 1 };
}

/** PostgreSQL's size where the settings give none: prod's fits servers of 16 GB, and carries 100 sessions. */
const USUAL_SIZE: Record<
  Settings["environment"],
  { readonly memoryMib: number; readonly cpuMillis: number }
> = {
  dev: { memoryMib: 1024, cpuMillis: 500 },
  staging: { memoryMib: 1536, cpuMillis: 250 },
  prod: { memoryMib: 4096, cpuMillis: 500 },
};

/** Memory and CPU of each member. */
export function postgresSize({ environment, postgres }: Pick<Settings, "environment" | "postgres">): {
  readonly memoryMib: number;
  readonly cpuMillis: number;
  readonly guaranteed: boolean;
} {
  const guaranteed = postgres.guaranteed ?? environment === "prod";
  const { memoryMib, cpuMillis } = USUAL_SIZE[environment];
  const usual = guaranteed ? Math.max(cpuMillis, LEAST_GUARANTEED_MILLIS) : cpuMillis;
  return { memoryMib: postgres.memoryMib ?? memoryMib, cpuMillis: postgres.cpuMillis ?? usual, guaranteed };
}

/** With a limit on CPU, fewer would be felt by every query. More do not fit on servers of four cores with one lost. */
const LEAST_GUARANTEED_MILLIS = 1250;

/**
 * A leader with few writes closes its WAL segment after this time. The loss of every server costs at most this time and
 * the time of an upload.
 */
export const ARCHIVE_TIMEOUT_SECONDS = 30;

/** PostgreSQL's default, which the cluster is created with. */
const SEGMENT_MIB = 16;

/** GiB of the segments that a leader with few writes finishes in the hours for which the queue is sized. */
export function archiveQueueGib({
  environment,
  postgres,
}: Pick<Settings, "environment" | "postgres">): number {
  const hours = postgres.archiveQueueHours ?? (environment === "prod" ? 24 : 4);
  return Math.ceil((hours * 3600 * SEGMENT_MIB) / ARCHIVE_TIMEOUT_SECONDS / 1024);
}

/** Checks the number of members against the servers, and whether replication is synchronous. */
export function checkPostgres(
  {
    environment,
    postgres,
  }: { environment: Settings["environment"] | undefined; postgres: Settings["postgres"] | undefined },
  { servers }: HetznerDraft,
): Problem[] {
  if (!environment || !postgres) return [];
  const { replicas, synchronous } = postgresShape({ environment, postgres });
  const homes = servers?.filter(({ roles }) => roles.includes("workload")).flatMap(numbersOf).length;
  return [
    ...Object.entries(postgres.parameters).flatMap(([name, value]) => {
      const allowed = parameterProblem(name, value);
      return allowed === undefined
        ? []
        : [problem(["postgres", "parameters", name], value, allowed, "correct it, or remove it")];
    }),
    ...(environment === "prod" && homes !== undefined && replicas > homes
      ? [
          problem(
            ["postgres", "replicas"],
            replicas,
            `at most ${homes}, one for each server with the role workload`,
            "lower it, or add servers",
          ),
        ]
      : []),
    ...(synchronous && replicas < 2
      ? [
          problem(
            ["postgres", "synchronous"],
            synchronous,
            "false with 1 replica: there is no standby that a commit could wait for",
          ),
        ]
      : []),
    ...(synchronous === "strict" && replicas === 2
      ? [
          problem(
            ["postgres", "synchronous"],
            synchronous,
            "true or false with 2 replicas: with strict, each restart of the one standby stops all commits",
          ),
        ]
      : []),
    ...(environment === "prod" && replicas > 1 && !synchronous
      ? [
          problem(
            ["postgres", "synchronous"],
            synchronous,
            "true in prod: with false a failover can lose acknowledged rows",
          ),
        ]
      : []),
  ];
}
