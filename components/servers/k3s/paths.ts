/** K3s' own directories, and the paths of the files that we add. */
export const K3S_CONFIGURATION = "/etc/rancher/k3s";
export const K3S_SERVER_STATE = "/var/lib/rancher/k3s/server";

export const AUDIT_POLICY = `${K3S_CONFIGURATION}/audit-policy.yaml`;
export const AUDIT_LOGS = `${K3S_SERVER_STATE}/logs`;
export const ADMISSION = `${K3S_CONFIGURATION}/admission.yaml`;
export const AUTHENTICATION = `${K3S_CONFIGURATION}/authentication.yaml`;
export const REGISTRIES = `${K3S_CONFIGURATION}/registries.yaml`;
export const ETCD_CLIENT = `${K3S_CONFIGURATION}/etcd`;
/** K3s applies the manifests in this directory when it starts. */
export const MANIFESTS = `${K3S_SERVER_STATE}/manifests`;
/** K3s applies manifests in the order of their names; this one must come before its own `traefik.yaml`. */
export const INGRESS_MANIFEST = `${MANIFESTS}/00-trellis-ingress.yaml`;
