/** Who takes part in a connection. A server and the internet have no namespace. */
export interface Party {
  readonly address: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What it is, who connects to whom, and to which port. */
export type Connection = [what: string, from: Party, to: Party, port: number, protocol: "UDP" | "TCP"];

/** Where the parties are. The pods of `10.42.1.0` are on another server. */
export const SERVERS = { at: ["10.0.0.0/16"], behind: ["10.42.0.0", "10.42.1.0"], pods: "10.42.0.0/16" };

/** What kube-system must serve: all that it can have. */
export const SYSTEM_ARGS = {
  exposed: [{ namespace: "airflow", ports: [8080] }],
  othersExposed: ["shop"],
  monitoring: true,
  hetzner: true,
};

const inSystem = (last: number, labels: Record<string, string>): Party => ({
  address: `10.42.0.${last}`,
  namespace: "kube-system",
  labels,
});

export const DNS = inSystem(2, { "k8s-app": "kube-dns" });
const METRICS = inSystem(3, { "k8s-app": "metrics-server" });
export const TRAEFIK = inSystem(4, { "app.kubernetes.io/name": "traefik" });
const STORAGE = inSystem(5, { app: "local-path-provisioner" });
const HELM = inSystem(6, { "helmcharts.helm.cattle.io/chart": "cert-manager" });
const CLOUD = inSystem(7, { "app.kubernetes.io/name": "hcloud-cloud-controller-manager" });
const VOLUMES = inSystem(8, {
  "app.kubernetes.io/name": "hcloud-csi",
  "app.kubernetes.io/component": "controller",
});
const UNKNOWN = inSystem(9, { app: "unknown" });
const AIRFLOW: Party = { address: "10.42.1.7", namespace: "airflow", labels: { app: "airflow" } };
export const PROMETHEUS: Party = { address: "10.42.1.8", namespace: "monitoring" };
const GRAFANA: Party = { address: "10.42.1.9", namespace: "monitoring" };
const SOLVER: Party = {
  address: "10.42.1.10",
  namespace: "airflow",
  labels: { "acme.cert-manager.io/http01-solver": "true" },
};
const SHOP: Party = { address: "10.42.1.13", namespace: "shop" };
const STRANGER: Party = { address: "10.42.1.11", namespace: "default" };
/** The controllers of the nodes do not know its namespace yet. */
const NEW_POD: Party = { address: "10.42.1.12" };
const SERVER: Party = { address: "10.0.1.10" };
/** A server, as pods of other servers see it. */
const OVERLAY: Party = { address: "10.42.1.0" };
const INTERNET: Party = { address: "198.51.100.7" };
const METADATA: Party = { address: "169.254.169.254" };

/** What the workloads of kube-system need. */
export const ALLOWED: readonly Connection[] = [
  ["a pod that the controllers know nothing of yet to DNS", NEW_POD, DNS, 53, "UDP"],
  ["a pod of a system to DNS over TCP", AIRFLOW, DNS, 53, "TCP"],
  ["a pod in the network of its server to DNS", SERVER, DNS, 53, "UDP"],
  ["a pod in the network of another server to DNS", OVERLAY, DNS, 53, "UDP"],
  ["DNS to name servers of the internet", DNS, INTERNET, 53, "UDP"],
  ["DNS to the API server", DNS, SERVER, 6445, "TCP"],
  ["Prometheus to DNS", PROMETHEUS, DNS, 9153, "TCP"],
  ["the API server to metrics-server, on another server", OVERLAY, METRICS, 10250, "TCP"],
  ["metrics-server to kubelets", METRICS, SERVER, 10250, "TCP"],
  ["metrics-server to the API server", METRICS, SERVER, 6445, "TCP"],
  ["HAProxy to Traefik by a NodePort of another server", OVERLAY, TRAEFIK, 8443, "TCP"],
  ["HAProxy to Traefik without the overlay", SERVER, TRAEFIK, 8000, "TCP"],
  ["Prometheus to Traefik", PROMETHEUS, TRAEFIK, 9100, "TCP"],
  ["Traefik to a backend", TRAEFIK, AIRFLOW, 8080, "TCP"],
  ["Traefik to a namespace of the user's own", TRAEFIK, SHOP, 3000, "TCP"],
  ["Traefik to Grafana", TRAEFIK, GRAFANA, 3000, "TCP"],
  ["Traefik to the solver of Let's Encrypt's challenge", TRAEFIK, SOLVER, 8089, "TCP"],
  ["Traefik to the API server", TRAEFIK, SERVER, 6445, "TCP"],
  ["local-path to the API server", STORAGE, SERVER, 6445, "TCP"],
  ["a Helm job to a repository of charts", HELM, INTERNET, 443, "TCP"],
  ["a Helm job to the API server", HELM, SERVER, 6445, "TCP"],
  ["a Helm job to DNS", HELM, DNS, 53, "UDP"],
  ["the cloud controller to its server's name servers", CLOUD, INTERNET, 53, "UDP"],
  ["the cloud controller to Hetzner's API", CLOUD, INTERNET, 443, "TCP"],
  ["the volumes' controller to Hetzner's API", VOLUMES, INTERNET, 443, "TCP"],
  ["the volumes' controller to the API server", VOLUMES, SERVER, 6445, "TCP"],
];

/** What nobody in kube-system needs. */
export const DENIED: readonly Connection[] = [
  ["a pod to Traefik past HAProxy", STRANGER, TRAEFIK, 8443, "TCP"],
  ["a pod to Traefik's metrics", STRANGER, TRAEFIK, 9100, "TCP"],
  ["a pod to Traefik's own port", AIRFLOW, TRAEFIK, 8080, "TCP"],
  ["a pod to metrics-server", AIRFLOW, METRICS, 10250, "TCP"],
  ["a pod to the metrics of DNS", STRANGER, DNS, 9153, "TCP"],
  ["Prometheus to metrics-server", PROMETHEUS, METRICS, 10250, "TCP"],
  ["a server to local-path", SERVER, STORAGE, 8080, "TCP"],
  ["a pod to a Helm job", AIRFLOW, HELM, 443, "TCP"],
  ["Traefik to another port of a backend", TRAEFIK, AIRFLOW, 5432, "TCP"],
  ["Traefik to a namespace without an Ingress", TRAEFIK, STRANGER, 8080, "TCP"],
  ["Traefik to the internet", TRAEFIK, INTERNET, 443, "TCP"],
  ["Traefik to kubelets", TRAEFIK, SERVER, 10250, "TCP"],
  ["DNS to the internet's websites", DNS, INTERNET, 443, "TCP"],
  ["metrics-server to the internet", METRICS, INTERNET, 443, "TCP"],
  ["local-path to the internet", STORAGE, INTERNET, 443, "TCP"],
  ["a Helm job to etcd", HELM, SERVER, 2379, "TCP"],
  ["a Helm job to the metadata address", HELM, METADATA, 80, "TCP"],
  ["the cloud controller to the metadata address", CLOUD, METADATA, 443, "TCP"],
  ["a pod that nobody named to the API server", UNKNOWN, SERVER, 6445, "TCP"],
  ["a pod that nobody named to DNS", UNKNOWN, INTERNET, 53, "TCP"],
  ["a pod to one that nobody named", AIRFLOW, UNKNOWN, 8080, "TCP"],
];
