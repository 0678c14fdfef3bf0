import { stringify } from "yaml";
import { SYSTEM_NAMESPACE } from "../../shared/workloads";

/** Name of the roles of K3s' Traefik that the program creates. */
const NAME = "trellis-traefik";

const READ = ["get", "list", "watch"];

/**
 * What Traefik reads of the whole cluster: the classes of Ingresses, and the nodes. The chart's value `rbac.namespaced`
 * would give it neither; Traefik 3.7 then takes no Ingress with `ingressClassName`, as ours and cert-manager's have.
 */
const CLUSTER_RULES = [
  { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: READ },
  { apiGroups: [""], resources: ["nodes"], verbs: READ },
];

/** What it reads in a namespace with an Ingress. It watches Secrets, which RBAC cannot limit to those with certificates. */
const NAMESPACE_RULES = [
  { apiGroups: [""], resources: ["services", "secrets", "configmaps"], verbs: READ },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: READ },
  {
    apiGroups: ["traefik.io"],
    resources: [
      ...["ingressroutes", "ingressroutetcps", "ingressrouteudps", "middlewares", "middlewaretcps"],
      ...["serverstransports", "serverstransporttcps", "tlsoptions", "tlsstores", "traefikservices"],
    ],
    verbs: READ,
  },
];

const RBAC = "rbac.authorization.k8s.io";
const SUBJECTS = [{ kind: "ServiceAccount", name: "traefik", namespace: SYSTEM_NAMESPACE }];
const roleRef = (kind: "Role" | "ClusterRole") => ({ apiGroup: RBAC, kind, name: NAME });

/** The rights of K3s' Traefik on the cluster. */
export const clusterRights = {
  role: { metadata: { name: NAME }, rules: CLUSTER_RULES },
  binding: { metadata: { name: NAME }, roleRef: roleRef("ClusterRole"), subjects: SUBJECTS },
};

/** The rights of K3s' Traefik in a namespace with an Ingress. */
export function namespaceRights(namespace: string) {
  const metadata = { name: NAME, namespace };
  return {
    role: { metadata, rules: NAMESPACE_RULES },
    binding: { metadata, roleRef: roleRef("Role"), subjects: SUBJECTS },
  };
}

/**
 * Values of the chart that make Traefik watch these namespaces, with the roles above in place of the chart's. It does not
 * look for its own Service any more, whose addresses it wrote into the status of Ingresses: that is in kube-system.
 */
export function watchedNamespaces(namespaces: readonly string[]): string {
  return stringify({
    rbac: { enabled: false },
    providers: {
      kubernetesCRD: { namespaces },
      kubernetesIngress: { namespaces, publishedService: { enabled: false } },
    },
  });
}
