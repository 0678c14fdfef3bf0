import type * as k8s from "@pulumi/kubernetes";
import { DATABASES, OBJECT_STORAGE } from "../../data";
import { MONITORING_NAMESPACE, PRIVATE_RANGES, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { GARDENOS, labelsOf, PORTS, type Program } from "./names";

type Policy = k8s.types.input.networking.v1.NetworkPolicySpec;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: "TCP" }));

const NAMES: Egress = {
  to: [{ ...namespace(SYSTEM_NAMESPACE), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

const DATABASE: Egress = { to: [namespace(DATABASES.namespace)], ports: tcp(...DATABASES.ports) };
const STORE: Egress = { to: [namespace(OBJECT_STORAGE.namespace)], ports: tcp(...OBJECT_STORAGE.ports) };

const pods = (program: Program) => ({ podSelector: { matchLabels: labelsOf(GARDENOS[program]) } });

const to = (program: Program): Egress => ({
  to: [pods(program)],
  ports: tcp(...Object.values(PORTS[program]).filter((port) => port !== undefined)),
});

/** HTTPS of the model, or of what an image of the user's own calls. Its address may change. */
const INTERNET: Egress = {
  to: [{ ipBlock: { cidr: "0.0.0.0/0", except: PRIVATE_RANGES } }],
  ports: tcp(443),
};

/** What each program connects to, beside names and PostgreSQL. */
const EGRESS: Readonly<Record<Program, readonly Egress[]>> = {
  auth: [],
  rest: [],
  storage: [STORE, to("rest")],
  api: [to("rest"), to("auth"), to("agents"), INTERNET],
  agents: [to("rest"), to("auth")],
  workers: [INTERNET],
};

/** Programs that call each one, beside the ingress controller. */
const CALLERS: Readonly<Partial<Record<Program, readonly Program[]>>> = {
  auth: ["api", "agents"],
  rest: ["storage", "api", "agents"],
  agents: ["api"],
};

/** The network policy of a program's pods. Agents of the user's own image call the model themselves. */
export function policyOf(program: Program, ownImage: boolean): Policy {
  const { http, metrics } = PORTS[program];
  return {
    podSelector: { matchLabels: labelsOf(GARDENOS[program]) },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      ...(http === undefined
        ? []
        : [{ from: [namespace(SYSTEM_NAMESPACE), ...(CALLERS[program] ?? []).map(pods)], ports: tcp(http) }]),
      ...(metrics === undefined ? [] : [{ from: [namespace(MONITORING_NAMESPACE)], ports: tcp(metrics) }]),
    ],
    egress: [NAMES, DATABASE, ...EGRESS[program], ...(program === "agents" && ownImage ? [INTERNET] : [])],
  };
}

export const MIGRATION_POLICY: Policy = {
  podSelector: { matchLabels: labelsOf(GARDENOS.migration) },
  policyTypes: ["Ingress", "Egress"],
  egress: [NAMES, DATABASE],
};
