import type { Node } from "../../settings";

/** Labels that the program reads back from running servers; see server-plan.ts and booted-with.ts. */
export const GENERATION_LABEL = "trellis-generation";
export const BOOTED_WITH_LABEL = "trellis-booted-with";

const CLUSTER_LABEL = "trellis-cluster";

export type Labels = Readonly<Record<string, string>>;

/** Labels of every resource of a cluster. They distinguish it from other clusters in the same project. */
export function clusterLabels(cluster: string): Labels {
  return { [CLUSTER_LABEL]: cluster };
}

export function nodeLabels(cluster: string, node: Pick<Node, "roles">): Labels {
  return {
    ...clusterLabels(cluster),
    ...Object.fromEntries(node.roles.map((role) => [`trellis-role-${role}`, "true"])),
  };
}

/** A label selector, in Hetzner's syntax, that matches all resources of a cluster. */
export function selectorOf(cluster: string): string {
  return `${CLUSTER_LABEL}=${cluster}`;
}
