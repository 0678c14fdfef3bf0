import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { program } from "../programs";
import { CLUSTER_DNS, CLUSTER_DOMAIN } from "./control-plane";
import { packImage } from "./images";

export const NAME_SERVER_PROGRAMS = ["coredns"];

/** Where and by which labels every Kubernetes has its name server: network policies name it by these. */
const NAMESPACE = "kube-system";
const LABELS = { "k8s-app": "kube-dns" };
const IMAGE = "localhost/coredns:1";

export function nameServerImage(folder: string): Promise<string> {
  const root = join(folder, "coredns");
  mkdirSync(root, { recursive: true });
  copyFileSync(program("coredns"), join(root, "coredns"));
  chmodSync(join(root, "coredns"), 0o755);
  return packImage(join(folder, "coredns.tar"), {
    names: [IMAGE],
    root,
    config: { Entrypoint: ["/coredns"], Cmd: ["-conf=/etc/coredns/Corefile"] },
  });
}

const COREFILE = `.:53 {
  errors
  ready
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  cache 5
  loadbalance
}
`;

/** The cluster's name server, ready once it may read what it serves. */
export function nameServerObjects(): object[] {
  const metadata = { name: "coredns", namespace: NAMESPACE };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: role.name },
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
      metadata: { name: role.name },
      roleRef: role,
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: COREFILE } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: nameServerPod(metadata.name) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: NAMESPACE },
      spec: {
        clusterIP: CLUSTER_DNS,
        selector: LABELS,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    },
  ];
}

const nameServerPod = (name: string) => ({
  serviceAccountName: name,
  priorityClassName: "system-cluster-critical",
  dnsPolicy: "Default",
  containers: [
    {
      name,
      image: IMAGE,
      imagePullPolicy: "Never",
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "170Mi" } },
      readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1, timeoutSeconds: 5 },
      volumeMounts: [{ name: "configuration", mountPath: "/etc/coredns" }],
    },
  ],
  volumes: [{ name: "configuration", configMap: { name } }],
});

interface ServiceAt {
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
}

/** A Service for a program that runs beside the cluster. */
export function serviceAt({ name, namespace, address, ports }: ServiceAt): object[] {
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ports },
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
