import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { changes, type EngineOptions, type Run, type Step } from "./engine";

const directory = fileURLToPath(new URL("../../engine/releases", import.meta.url));

/** A stack as a release deployed it. */
export interface ReleasedStack extends EngineOptions {
  /** What `pulumi stack export` wrote, parsed. */
  readonly state: object;
}

/** The released versions whose stacks are recorded, oldest first. */
export function recordedReleases(): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

export function recordedStacks(version: string): string[] {
  return readdirSync(join(directory, version))
    .map((file) => file.replace(/\.json\.gz$/, ""))
    .sort();
}

export function readReleasedStack(version: string, stack: string): ReleasedStack {
  return JSON.parse(gunzipSync(readFileSync(fileOf(version, stack))).toString("utf8"));
}

/** Returns the file. */
export function writeReleasedStack(version: string, released: ReleasedStack): string {
  const file = fileOf(version, released.stack);
  mkdirSync(join(directory, version), { recursive: true });
  writeFileSync(file, gzipSync(JSON.stringify(released), { level: 9 }));
  return file;
}

const fileOf = (version: string, stack: string) => join(directory, version, `${stack}.json.gz`);

/** Operations after which a resource of the release before still exists. */
const KEEPS = ["same", "create", "update", "read", "refresh", "import"];

/** Operations by which the engine tells of one replacement. */
const REPLACES = ["replace", "create-replacement", "delete-replaced"];

/**
 * What an upgrade would delete or replace, a line for each resource: `replace <URN> because of spec.selector`. The
 * Jobs of Kubernetes may be replaced: their templates are immutable, so a new image or specification is a new Job, and each
 * of ours can run again. `intended` names further resources by their URNs.
 */
export function lossesOf(run: Run, intended: readonly string[] = []): string[] {
  const runsAgain = ({ op, type }: Step) => type === "kubernetes:batch/v1:Job" && REPLACES.includes(op);
  const lost = changes(run).filter(
    (step) => !KEEPS.includes(step.op) && !runsAgain(step) && !intended.includes(step.urn),
  );
  return [...new Set(lost.map(({ urn }) => urn))].map((urn) => {
    const steps = lost.filter((step) => step.urn === urn);
    const op = steps.some((step) => REPLACES.includes(step.op)) ? "replace" : steps[0]?.op;
    const because = [...new Set(steps.flatMap(({ differing }) => differing))];
    return [op, urn, ...(because.length > 0 ? [`because of ${because.join(", ")}`] : [])].join(" ");
  });
}
