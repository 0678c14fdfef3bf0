/**
 * What the checks may read: these kinds, in all namespaces. No Secrets and no ConfigMaps, and nothing can be changed.
 * A pod's environment is visible, so secrets must be in Secrets, as the policy pack demands.
 */
export const READ_RULES = [
  {
    apiGroups: [""],
    resources: ["nodes", "namespaces", "pods", "persistentvolumeclaims", "resourcequotas"],
  },
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets"] },
  { apiGroups: ["batch"], resources: ["jobs", "cronjobs"] },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] },
  { apiGroups: ["cert-manager.io"], resources: ["certificates"] },
].map((rule) => ({ ...rule, verbs: ["get", "list"] }));

/** The checks ask the API server whether it is ready. */
export const READY_RULE = { nonResourceURLs: ["/readyz"], verbs: ["get"] };

/** The history of the runs: one ConfigMap, by its name. */
export const historyRule = (configMap: string) => ({
  apiGroups: [""],
  resources: ["configmaps"],
  resourceNames: [configMap],
  verbs: ["get", "patch"],
});
