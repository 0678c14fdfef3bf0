import type * as k8s from "@pulumi/kubernetes";
import { DATABASES } from "../../data";
import { MONITORING_NAMESPACE, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { internet, objectStorage } from "../egress";
import type { RainFiles } from "./file-store";
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

/** The provider's HTTPS port. */
const PROVIDER = internet(443);

/**
 * Network policies of Rain Tracker. Only imports may connect to the outside and to the store of their files, and nothing
 * may connect to them.
 */
export const allowedTraffic = (files?: Pick<RainFiles, "storePort">): Readonly<Record<string, Policy>> => ({
  "rain-import": {
    podSelector: { matchLabels: LABELS.import },
    policyTypes: ["Ingress", "Egress"],
    egress: [NAMES, DATABASE, PROVIDER, ...(files ? [objectStorage(files.storePort)] : [])],
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
});
