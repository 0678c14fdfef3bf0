export { ACME_SOLVER, clientsOf, exposedBy, forwardedTo, scrapedBy } from "./connections";
export { Foundation, type FoundationArgs } from "./foundation";
export {
  DEFAULT_REQUEST,
  GuardedNamespace,
  type GuardedNamespaceArgs,
  withoutToken,
} from "./guarded-namespace";
export {
  DENY_ALL,
  networkPolicies,
  networkPolicySpec,
  policyOfPods,
  type Servers,
} from "./network-policies";
