import { stringify } from "yaml";

/**
 * Gives the group of the administrator's certificate its rights. The group is not `system:masters`, which no binding
 * can take anything from: a certificate that got into wrong hands is shut out by removing this one.
 */
export function administratorsBinding(group: string): string {
  return stringify({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: group },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
  });
}
