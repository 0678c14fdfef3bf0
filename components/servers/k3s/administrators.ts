import { stringify } from "yaml";

/**
 * Grants cluster-admin to the group in the administrator's certificate. The group is not `system:masters`, whose rights
 * cannot be revoked: if a certificate leaks, delete this binding to revoke its rights.
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
