export {
  AddOns,
  type AddOnsArgs,
  CLUSTER_ISSUER,
  type InlineChart,
  inlineChart,
  type Manifest,
  RETRIES,
} from "./add-ons";
export { type ClusterLayer, clusterFor } from "./from-settings";
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
