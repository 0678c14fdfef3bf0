import type { Node } from "../../settings";

/** Labels that the program reads back from running servers; see renewal.ts and booted-with.ts. */
export const GENERATION_LABEL = "trellis-generation";
export const BOOTED_WITH_LABEL = "trellis-booted-with";

const CLUSTER_LABEL = "trellis-cluster";

export type Labels = Readonly<Record<string, string>>;

/** What everything of a cluster carries, so that it can be told from its neighbours in a project. */
export function clusterLabels(cluster: string): Labels {
  return { [CLUSTER_LABEL]: cluster };
}

export function nodeLabels(cluster: string, node: Pick<Node, "roles">): Labels {
  return {
    ...clusterLabels(cluster),
    ...Object.fromEntries(node.roles.map((role) => [`trellis-role-${role}`, "true"])),
  };
}

/** Finds what carries a cluster's labels, in Hetzner's selector language. */
export function selectorOf(cluster: string): string {
  return `${CLUSTER_LABEL}=${cluster}`;
}
