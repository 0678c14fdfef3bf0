export { oidcGroup } from "./authentication";
export type { K3sCluster, K3sHost } from "./cluster";
export { allocatable } from "./configuration";
export { INGRESS_VALUES } from "./ingress";
export { JoinSecrets, type K3sSecrets } from "./join-secrets";
export { overlayAddresses } from "./overlay";
export { type K3sAgentArgs, type K3sServerArgs, k3sAgentPart, k3sServerPart } from "./part";
export { AUDIT_LOGS } from "./paths";
export { JOINED_WITH_LABEL, joinedWith } from "./release";
