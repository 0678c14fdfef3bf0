import type * as k8s from "@pulumi/kubernetes";
import { DATABASES } from "../../data";
import { MONITORING_NAMESPACE, SYSTEM_NAMESPACE } from "../../shared/workloads";
import { internet, objectStorage } from "../egress";
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

const pods = (program: Program) => ({ podSelector: { matchLabels: labelsOf(GARDENOS[program]) } });

const to = (program: Program): Egress => ({
  to: [pods(program)],
  ports: tcp(...Object.values(PORTS[program]).filter((port) => port !== undefined)),
});

/** HTTPS of the model, or of what an image of the user's own calls. Its address may change. */
const INTERNET = internet(443);

/** What each program connects to, beside names, PostgreSQL and object storage. */
const EGRESS: Readonly<Record<Program, readonly Egress[]>> = {
  auth: [],
  rest: [],
  storage: [to("rest")],
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

export interface Reach {
  /** Whether agents have an image of the user's own, which calls the model itself. */
  readonly ownImage: boolean;
  /** Port of object storage on the internet. @default none: it is in the cluster */
  readonly storePort?: number | undefined;
}

/** The network policy of a program's pods. */
export function policyOf(program: Program, { ownImage, storePort }: Reach): Policy {
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
    egress: [
      NAMES,
      DATABASE,
      ...(program === "storage" ? [objectStorage(storePort)] : []),
      ...EGRESS[program],
      ...(program === "agents" && ownImage ? [INTERNET] : []),
    ],
  };
}

export const MIGRATION_POLICY: Policy = {
  podSelector: { matchLabels: labelsOf(GARDENOS.migration) },
  policyTypes: ["Ingress", "Egress"],
  egress: [NAMES, DATABASE],
};
