import type { Node } from "../../settings";
import { UserError } from "../../shared/user-error";

/** Hetzner's limits for spread placement groups (docs.hetzner.com, Placement Groups). */
const GROUP_HOLDS = 10;
const PROJECT_HOLDS = 50;

/**
 * The placement group of a server: one for each ten numbers of a location. It depends only on the node's own name,
 * because a server must be shut down to move to another group. So a single server has a group too, to which its later
 * neighbours are added.
 */
export function placementGroupOf({ location, number }: Pick<Node, "location" | "number">): string {
  return `${location}-${Math.ceil(number / GROUP_HOLDS)}`;
}

/** The placement groups that some nodes need, each once. */
export function placementGroups(nodes: readonly Pick<Node, "location" | "number">[]): string[] {
  const groups = [...new Set(nodes.map(placementGroupOf))];
  if (groups.length > PROJECT_HOLDS) {
    throw new UserError(
      `target.servers: these servers need ${groups.length} placement groups, one for each ten numbers of a location; ` +
        `a Hetzner project holds ${PROJECT_HOLDS}. Number the servers of a location without large gaps.`,
    );
  }
  return groups;
}
