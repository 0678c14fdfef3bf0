import type * as k8s from "@pulumi/kubernetes";
import { DATABASES } from "../../data";
import { MONITORING_NAMESPACE, PRIVATE_RANGES, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { LABELS, PORTS } from "./names";

type Policy = k8s.types.input.networking.v1.NetworkPolicySpec;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

const NAMES: Egress = {
  to: [{ ...namespace(SYSTEM_NAMESPACE), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

const DATABASE: Egress = {
  to: [namespace(DATABASES.namespace)],
  ports: DATABASES.ports.map((port) => ({ port, protocol: "TCP" })),
};

/**
 * The provider's HTTPS port. Its address may change, so this allows every address except the cluster's own networks and
 * the metadata address, which would reveal a server's user data.
 */
const PROVIDER: Egress = {
  to: [
    {
      ipBlock: {
        cidr: "0.0.0.0/0",
        except: PRIVATE_RANGES,
      },
    },
  ],
  ports: [{ port: 443, protocol: "TCP" }],
};

/** Network policies of Rain Tracker. Only imports may connect to the outside, and nothing may connect to them. */
export const ALLOWED_TRAFFIC: Readonly<Record<string, Policy>> = {
  "rain-import": {
    podSelector: { matchLabels: LABELS.import },
    policyTypes: ["Ingress", "Egress"],
    egress: [NAMES, DATABASE, PROVIDER],
  },
  "rain-migration": {
    podSelector: { matchLabels: LABELS.migration },
    policyTypes: ["Ingress", "Egress"],
    egress: [NAMES, DATABASE],
  },
  "rain-api": {
    podSelector: { matchLabels: LABELS.api },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [namespace(SYSTEM_NAMESPACE)], ports: [{ port: PORTS.api, protocol: "TCP" }] }],
    egress: [NAMES, DATABASE],
  },
  "rain-metrics": {
    podSelector: { matchLabels: LABELS.metrics },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [namespace(MONITORING_NAMESPACE)], ports: [{ port: PORTS.metrics, protocol: "TCP" }] }],
    egress: [NAMES, DATABASE],
  },
};
