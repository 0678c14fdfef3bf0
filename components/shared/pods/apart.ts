import type * as k8s from "@pulumi/kubernetes";

/**
 * Each of the pods with these labels on a node of its own: strictly, so that one waits where there are too few nodes, or only
 * as far as there are nodes.
 */
export function apart(
  labels: Readonly<Record<string, string>>,
  strict: boolean,
): k8s.types.input.core.v1.PodAntiAffinity {
  const term = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: labels } };
  return strict
    ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] };
}
