import fc from "fast-check";
import { type HetznerTarget, parseSettings } from "../../../components/settings";
import { rawSettings, withValue } from "../platform/stacks";

/** The target of our prod stack with other values at some paths, as valid settings. */
export function targetWith(values: Readonly<Record<string, unknown>> = {}): HetznerTarget {
  const raw = Object.entries(values).reduce(
    (settings, [path, value]) => withValue(settings, `target.${path}`, value),
    withValue(rawSettings("prod"), "environment", "staging"),
  );
  const { target } = parseSettings(raw);
  if (target.kind !== "hetzner") throw new Error("the prod stack does not stand at Hetzner");
  return target;
}

/** A group of servers as a stack file has it. */
export interface RawServers {
  readonly location: string;
  readonly types: readonly string[];
  readonly roles?: readonly string[];
  readonly numbers: readonly number[];
}

const EU = { locations: ["fsn1", "nbg1", "hel1"], types: ["cpx32", "ccx13"] } as const;
const US = { locations: ["ash", "hil"], types: ["ccx13"] } as const;

const numbers = (most: number) =>
  fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: most });

/** Clusters of one zone (a private network) or of several (a mesh), with agents of arbitrary numbers. */
export const clusters: fc.Arbitrary<readonly RawServers[]> = fc
  .record({
    core: fc.constantFrom<readonly number[]>([1], [2, 4, 11], [1, 2, 3, 40, 200]),
    at: fc.constantFrom(...EU.locations),
    agents: fc.record(
      Object.fromEntries([...EU.locations, ...US.locations].map((location) => [location, numbers(25)])),
      { requiredKeys: [] },
    ),
  })
  .map(({ core, at, agents }) => [
    { location: at, types: EU.types, numbers: core },
    ...Object.entries(agents).flatMap(([location, chosen = []]) => {
      const free = location === at ? chosen.filter((number) => !core.includes(number)) : chosen;
      const { types } = US.locations.some((each) => each === location) ? US : EU;
      return free.length > 0 ? [{ location, types, roles: ["workload"], numbers: free }] : [];
    }),
  ]);

/** The target of a cluster with DNS for an edge, which any fabric may have. */
export function targetOf(servers: readonly RawServers[]): HetznerTarget {
  return targetWith({ servers, edge: { kind: "dns" } });
}
