import type { Platform } from "../platform";
import type { Readers } from "../readers";

export const CATEGORIES = [
  "servers",
  "etcd",
  "kubernetes",
  "workloads",
  "postgres",
  "objects",
  "backups",
  "systems",
  "security",
  "alerts",
] as const;
export type Category = (typeof CATEGORIES)[number];

/**
 * `not checked`: the answer is unknown, because a program that the check needs did not answer. It is never a pass.
 * `not applicable`: the stack does not have what the check is about.
 */
export const OUTCOMES = ["ok", "warning", "failed", "not checked", "not applicable"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a check found. The detail names objects, tables and counts, never personal data or secrets. */
export interface Finding {
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Check {
  /** The category, a dot, and a name: `etcd.quorum`. */
  readonly id: `${Category}.${string}`;
  /** What holds when the check passes. */
  readonly title: string;
  /** What a fault that the check finds counts as. */
  readonly severity: "critical" | "warning";
  /** Seconds after which the check counts as not checked. */
  readonly timeoutSeconds: number;
  /** What a failure means for the platform. */
  readonly means: string;
  /** The next command to type: it mends the fault, or shows its cause. */
  readonly next: string;
  /** Page and section of the runbook. */
  readonly runbook: `docs/${string}.md#${string}`;
  run(readers: Readers, platform: Platform): Promise<Finding> | Finding;
}

type Definition = Omit<Check, "run" | "timeoutSeconds"> & {
  /** @default 10 */
  readonly timeoutSeconds?: number;
  run(readers: Readers, platform: Platform): Promise<Finding | Fault> | Finding | Fault;
};

/** A fault counts as the check's severity says. */
interface Fault {
  readonly fault: string;
}

export function check(definition: Definition): Check {
  const { severity, timeoutSeconds = 10 } = definition;
  return {
    ...definition,
    timeoutSeconds,
    run: async (readers, platform) => {
      const found = await definition.run(readers, platform);
      if (!("fault" in found)) return found;
      return { outcome: severity === "critical" ? "failed" : "warning", detail: found.fault };
    },
  };
}

export const ok = (detail: string): Finding => ({ outcome: "ok", detail });
export const warning = (detail: string): Finding => ({ outcome: "warning", detail });
export const notChecked = (detail: string): Finding => ({ outcome: "not checked", detail });
export const notApplicable = (detail: string): Finding => ({ outcome: "not applicable", detail });
export const fault = (detail: string): Fault => ({ fault: detail });

/** A fault that lists what is wrong, or a pass where the list is empty. */
export const noneOf = (wrong: readonly string[], pass: string): Finding | Fault =>
  wrong.length === 0 ? ok(pass) : fault(listed(wrong));

/** The first few of many. */
export function listed(all: readonly string[], most = 5): string {
  const more = all.length - most;
  return `${all.slice(0, most).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

export const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
export const percent = (share: number) => `${Math.floor(share * 100)}%`;

const DAY_MS = 24 * 3_600_000;
export const hoursBetween = (from: number, to: number) => (to - from) / 3_600_000;

/** Certificates are renewed long before this: a month is time to act, a week is late. */
const NOTICE_DAYS = 30;
const LATE_DAYS = 7;

/** Judges ends of certificates and of support: by name, the moment in milliseconds. */
export function judgeEnds(
  ends: readonly (readonly [name: string, at: number])[],
  now: number,
): Finding | Fault {
  const left = ends.map(([name, at]) => [name, Math.floor((at - now) / DAY_MS)] as const);
  const within = (days: number) =>
    left.filter(([, each]) => each < days).map(([name, each]) => ended(name, each));
  if (within(LATE_DAYS).length > 0) return fault(listed(within(LATE_DAYS)));
  if (within(NOTICE_DAYS).length > 0) return warning(listed(within(NOTICE_DAYS)));
  const soonest = Math.min(...left.map(([, each]) => each));
  return ok(left.length === 0 ? "nothing expires" : `the first of ${left.length} ends in ${soonest} days`);
}

const ended = (name: string, days: number) =>
  days < 0 ? `${name} expired ${-days} days ago` : `${name} ends in ${count(days, "day")}`;
