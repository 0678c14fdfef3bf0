export { Foundation, type FoundationArgs } from "./foundation";
export { GuardedNamespace, type GuardedNamespaceArgs, type PodSecurity } from "./guarded-namespace";
export type { PlatformNamespaceKey } from "./namespaces";
export { type Allowance, networkPolicies, type Peer, type PodLabels, type Servers } from "./network-policies";
export type { PriorityClassName } from "./priority-classes";
