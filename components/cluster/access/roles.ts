import type { AccessObject } from "./access-object";

/**
 * The roles of the kubeconfigs that cannot administer the cluster. They name what they allow: Kubernetes' own `view` and
 * `edit` grow with each chart that aggregates rights into them. Neither includes Secrets, `pods/exec` or RBAC changes.
 */

const READ = ["get", "list", "watch"] as const;

const rule = (group: string, verbs: readonly string[], ...resources: string[]) => ({
  apiGroups: [group],
  resources,
  verbs: [...verbs],
});

/** What both roles read in a namespace. HelmCharts are missing: their values can contain passwords. */
const READ_IN_NAMESPACES = [
  rule(
    "",
    READ,
    ...["configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "podtemplates"],
    ...["replicationcontrollers", "resourcequotas", "serviceaccounts", "services"],
  ),
  rule("", ["get"], "pods/log"),
  rule("apps", READ, "daemonsets", "deployments", "replicasets", "statefulsets"),
  rule("autoscaling", READ, "horizontalpodautoscalers"),
  rule("batch", READ, "cronjobs", "jobs"),
  rule("discovery.k8s.io", READ, "endpointslices"),
  rule("events.k8s.io", READ, "events"),
  rule("metrics.k8s.io", ["get", "list"], "pods"),
  rule("networking.k8s.io", READ, "ingresses", "networkpolicies"),
  rule("policy", READ, "poddisruptionbudgets"),
];

/** What the reader also reads: the cluster's own objects, and who has which rights. */
const READ_IN_CLUSTER = [
  rule("", READ, "namespaces", "nodes", "persistentvolumes"),
  rule("apiextensions.k8s.io", READ, "customresourcedefinitions"),
  rule("cert-manager.io", READ, "certificaterequests", "certificates", "clusterissuers", "issuers"),
  rule("coordination.k8s.io", READ, "leases"),
  rule("metrics.k8s.io", ["get", "list"], "nodes"),
  rule("monitoring.coreos.com", READ, "podmonitors", "prometheusrules", "servicemonitors"),
  rule("networking.k8s.io", READ, "ingressclasses"),
  rule("rbac.authorization.k8s.io", READ, "clusterrolebindings", "clusterroles", "rolebindings", "roles"),
  rule("scheduling.k8s.io", READ, "priorityclasses"),
  rule("storage.k8s.io", READ, "csidrivers", "csinodes", "storageclasses", "volumeattachments"),
  rule("traefik.io", READ, "ingressroutes", "middlewares"),
];

export const READER = "trellis-reader";
export const DEVELOPER = "trellis-developer";

export const readerRole: AccessObject = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: READER },
  rules: [...READ_IN_NAMESPACES, ...READ_IN_CLUSTER],
};

/**
 * A Role in each namespace of a system. kubectl asks for `create` and, over WebSockets, for `get` when it forwards a port.
 * `patch` of Deployments is for restarts alone; `restartPolicy` refuses any other change.
 */
export const developerRole = (namespace: string): AccessObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: DEVELOPER, namespace },
  rules: [
    ...READ_IN_NAMESPACES,
    rule("", ["create", "get"], "pods/portforward"),
    rule("apps", ["patch"], "deployments"),
  ],
});

export function clusterBinding(name: string, role: string, groups: readonly string[]): AccessObject {
  return { kind: "ClusterRoleBinding", metadata: { name }, ...binding("ClusterRole", role, groups) };
}

export function developerBinding(namespace: string, groups: readonly string[]): AccessObject {
  return {
    kind: "RoleBinding",
    metadata: { name: DEVELOPER, namespace },
    ...binding("Role", DEVELOPER, groups),
  };
}

const binding = (kind: "ClusterRole" | "Role", role: string, groups: readonly string[]) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
  subjects: groups.map((name) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name })),
});
