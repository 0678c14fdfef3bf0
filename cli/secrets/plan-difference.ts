import { isDeepStrictEqual } from "node:util";
import type { PlannedResource } from "../pulumi-monitor";
import { isWorkload, labelOf, rollingOf, usersOf } from "./find-secrets";

/** What a raised epoch does, from the plans before and after. */
export interface PlanDifference {
  /** Resources that are new, or made again. */
  readonly made: readonly string[];
  readonly removed: readonly string[];
  /** Objects that change in place, or whose values do. */
  readonly updated: readonly string[];
  /** Jobs that run. */
  readonly runs: readonly string[];
  /** Workloads whose pods restart. */
  readonly restarts: readonly string[];
}

export function planDifference(
  before: readonly PlannedResource[],
  after: readonly PlannedResource[],
): PlanDifference {
  const former = new Map(before.map((resource) => [resource.urn, resource]));
  const present = new Set(after.map(({ urn }) => urn));
  const made = after.filter((resource) => {
    const old = former.get(resource.urn);
    return !old || (isSource(resource) && !isDeepStrictEqual(reasonsOf(old), reasonsOf(resource)));
  });
  const users = usersOf(made.filter(isSource), after);
  const changed = after.filter((resource) => {
    const old = former.get(resource.urn);
    return old && !made.includes(resource) && !isDeepStrictEqual(old.inputs, resource.inputs);
  });
  const touched = [...new Set([...users, ...changed])].filter(({ kind }) => kind === "custom");
  const restarts = rollingOf(touched);
  const runs = labels([...made, ...touched].filter(({ type }) => type.endsWith(":Job")));
  return {
    made: labels(made.filter((each) => each.kind === "custom" && !isWorkload(each))),
    removed: labels(before.filter(({ urn, kind }) => kind === "custom" && !present.has(urn))),
    updated: labels(touched).filter((label) => !restarts.includes(label) && !runs.includes(label)),
    runs,
    restarts,
  };
}

const isSource = ({ type }: PlannedResource) => /^(tls|random):/.test(type);

/** Why the engine makes a secret again. */
const reasonsOf = ({ inputs, options }: PlannedResource) => [inputs.keepers, options.replacementTrigger];

const labels = (resources: readonly PlannedResource[]) => [...new Set(resources.map(labelOf))].sort();
