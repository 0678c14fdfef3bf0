import type * as k8s from "@pulumi/kubernetes";

/**
 * Anti-affinity that puts each pod with these labels on a different node. With too few nodes, a pod stays pending
 * (strict) or shares a node (not strict).
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
