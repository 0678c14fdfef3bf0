import { eventually } from "../waiting";
import type { Apart } from "./apart";
import { CLUSTER_DNS, CLUSTER_DOMAIN, type ControlPlane } from "./control-plane";

export const NAME_SERVER_PROGRAMS = ["coredns"];

const USER = "coredns";

/** Starts the cluster's name server, on the node rather than in a pod; it is ready once it may read what it serves. */
export function startNameServer(apart: Apart, controlPlane: ControlPlane): void {
  const kubeconfig = controlPlane.kubeconfig("coredns", { commonName: USER });
  const corefile = apart.file(
    "Corefile",
    `.:53 {
  errors
  health 127.0.0.1:8081
  ready 127.0.0.1:8181
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  cache 5
  loadbalance
}
`,
  );
  apart.start("coredns", [`-conf=${corefile}`]);
}

export async function nameServerReady(apart: Apart, patienceMs: number): Promise<void> {
  await eventually(
    "the name server is ready",
    patienceMs,
    () => apart.run("busybox", ["wget", "-qO-", "http://127.0.0.1:8181/ready"]) === "OK",
    250,
  );
}

/** What the cluster must know of it: its rights, and where pods ask it. */
export function nameServerObjects(address: string): object[] {
  const name = "system:coredns";
  const ports = (["UDP", "TCP"] as const).map((protocol) => ({
    name: protocol === "UDP" ? "dns" : "dns-tcp",
    port: 53,
    protocol,
  }));
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name },
      rules: [
        {
          apiGroups: [""],
          resources: ["endpoints", "services", "pods", "namespaces"],
          verbs: ["list", "watch"],
        },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: USER }],
    },
    ...serviceAt({ name: "kube-dns", namespace: "kube-system", address, ports, clusterIP: CLUSTER_DNS }),
  ];
}

export interface ServiceAt {
  readonly name: string;
  readonly namespace: string;
  /** Where its one endpoint is: outside of any pod. */
  readonly address: string;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    /** @default port */
    readonly targetPort?: number;
    readonly protocol?: "TCP" | "UDP";
  }[];
  readonly clusterIP?: string;
}

/** A Service for a program that runs beside the cluster. */
export function serviceAt({ name, namespace, address, ports, clusterIP }: ServiceAt): object[] {
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ...(clusterIP && { clusterIP }), ports },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-beside`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: ports.map(({ name: port, port: number, targetPort = number, protocol = "TCP" }) => ({
        name: port,
        port: targetPort,
        protocol,
      })),
    },
  ];
}
