import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe } from "vitest";
import type { Part, Problem, Reading } from "../../../jobs/rain/reading";

/** Everything that a parser hands out, sorted by kind. */
export async function collect(parts: AsyncIterable<Part>) {
  const collected = {
    readings: [] as Reading[],
    problems: [] as Problem[],
    names: new Map<string, string>(),
    others: [] as Exclude<Part, { kind: "readings" | "problem" | "name" }>[],
  };
  for await (const part of parts) {
    if (part.kind === "readings") collected.readings.push(...part.readings);
    else if (part.kind === "problem") collected.problems.push(part.problem);
    else if (part.kind === "name") collected.names.set(part.gauge, part.name);
    else collected.others.push(part);
  }
  return collected;
}

const REAL_FILES = resolve(import.meta.dirname, "../../../../shared/data/rain");

export const realFile = (name: string): Uint8Array => readFileSync(join(REAL_FILES, name));

/** A suite over the provider's real files, skipped by name where they are not at hand. */
export function describeWithRealFiles(name: string, suite: () => void): void {
  if (existsSync(REAL_FILES)) describe(name, suite);
  else describe.skip(`${name} (needs the provider's files)`, suite);
}

/** The readings of each group, groups in the order of their first reading. */
export function grouped(
  readings: readonly Reading[],
  key: (reading: Reading) => string,
): Map<string, Reading[]> {
  const groups = new Map<string, Reading[]>();
  for (const reading of readings) {
    const group = groups.get(key(reading));
    if (group) group.push(reading);
    else groups.set(key(reading), [reading]);
  }
  return groups;
}
