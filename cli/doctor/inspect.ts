import { spawnSync } from "node:child_process";
import type { Need } from "./needs";

/** The state of a program on this machine. */
export interface Finding {
  /** The program that was looked for. */
  readonly need: Need;
  /** "old": older than required. "broken": it fails or prints no version. */
  readonly state: "ok" | "old" | "missing" | "broken";
  /** The version that it printed. @default undefined, if it printed none */
  readonly version?: string;
}

/** A program that does not answer within this time counts as broken. */
const PATIENCE_MS = 30_000;

export function inspect(need: Need, environment = process.env): Finding {
  const asked = spawnSync(need.program, need.ask, {
    encoding: "utf8",
    env: environment,
    timeout: PATIENCE_MS,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (asked.error && "code" in asked.error && asked.error.code === "ENOENT")
    return { need, state: "missing" };
  const [version] = /\d+(\.\d+)+|\b\d{2,}\b/.exec(`${asked.stdout}\n${asked.stderr}`) ?? [];
  if (asked.status !== 0 || version === undefined) return { need, state: "broken" };
  const old = need.atLeast !== undefined && compareVersions(version, need.atLeast) < 0;
  return { need, state: old ? "old" : "ok", version };
}

/** Negative if `a` is older. A missing number counts as zero. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
