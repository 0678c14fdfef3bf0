export { CLUSTER_ISSUER, RETRIES } from "./add-on";
export { Foundation, type FoundationArgs } from "./foundation";
export { GuardedNamespace, type GuardedNamespaceArgs, type PodSecurity } from "./guarded-namespace";
export { type InlineChart, inlineChart, type Manifest } from "./inline-chart";
export { AddOns, type AddOnsArgs } from "./installed-add-ons";
export type { PlatformNamespaceKey } from "./namespaces";
export { type Allowance, networkPolicies, type Peer, type PodLabels } from "./network-policies";
export type { PriorityClassName } from "./priority-classes";
