export { ACME_SOLVER, clientsOf, exposedBy, scrapedBy } from "./connections";
export { Foundation, type FoundationArgs } from "./foundation";
export { DEFAULT_REQUEST, GuardedNamespace, type GuardedNamespaceArgs } from "./guarded-namespace";
export { networkPolicies, type Servers } from "./network-policies";
