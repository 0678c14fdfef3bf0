export { AddOns, type AddOnsArgs } from "./add-ons";
export { type ClusterLayer, clusterFor } from "./from-settings";
export { CLUSTER_ISSUER, type InlineChart, inlineChart, type Manifest, RETRIES } from "./helm";
export type { PlatformNamespaceKey, PriorityClassName } from "./namespaces";
export {
  type Allowance,
  Foundation,
  type FoundationArgs,
  GuardedNamespace,
  type GuardedNamespaceArgs,
  networkPolicies,
  type Peer,
  type PodLabels,
  type PodSecurity,
} from "./namespaces";
