export { scrapedBy } from "./connections";
export { Foundation, type FoundationArgs } from "./foundation";
export { GuardedNamespace, type GuardedNamespaceArgs } from "./guarded-namespace";
export { networkPolicies, type Servers } from "./network-policies";
