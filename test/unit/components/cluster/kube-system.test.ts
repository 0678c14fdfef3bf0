import { BlockList } from "node:net";
import { describe, expect, it } from "vitest";
import { KubeSystem } from "../../../../components/cluster/kube-system";
import { systemWorkloads } from "../../../../components/cluster/kube-system/workloads";
import { SYSTEM_METRICS } from "../../../../components/cluster/monitoring/scrapes";
import { type NamedPolicy, policyOfPods } from "../../../../components/cluster/namespaces/network-policies";
import { evaluateStack } from "../../../rigs/evaluate";

const SERVERS = { at: ["10.0.0.0/16"], behind: ["10.42.0.0", "10.42.1.0"], pods: "10.42.0.0/16" };
const ARGS = {
  exposed: [{ namespace: "airflow", ports: [8080] }],
  othersExposed: ["shop"],
  monitoring: true,
  hetzner: true,
};

/** Who takes part in a connection. A server has no namespace. */
interface Party {
  readonly address: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const inSystem = (last: number, labels: Record<string, string>): Party => ({
  address: `10.42.0.${last}`,
  namespace: "kube-system",
  labels,
});
const DNS = inSystem(2, { "k8s-app": "kube-dns" });
const METRICS = inSystem(3, { "k8s-app": "metrics-server" });
const TRAEFIK = inSystem(4, { "app.kubernetes.io/name": "traefik" });
const STORAGE = inSystem(5, { app: "local-path-provisioner" });
const HELM = inSystem(6, { "helmcharts.helm.cattle.io/chart": "cert-manager" });
const CLOUD = inSystem(7, { "app.kubernetes.io/name": "hcloud-cloud-controller-manager" });
const VOLUMES = inSystem(8, {
  "app.kubernetes.io/name": "hcloud-csi",
  "app.kubernetes.io/component": "controller",
});
const UNKNOWN = inSystem(9, { app: "unknown" });
const AIRFLOW: Party = { address: "10.42.1.7", namespace: "airflow", labels: { app: "airflow" } };
const PROMETHEUS: Party = { address: "10.42.1.8", namespace: "monitoring" };
const GRAFANA: Party = { address: "10.42.1.9", namespace: "monitoring" };
const SOLVER: Party = {
  address: "10.42.1.10",
  namespace: "airflow",
  labels: { "acme.cert-manager.io/http01-solver": "true" },
};
const SHOP: Party = { address: "10.42.1.13", namespace: "shop" };
const STRANGER: Party = { address: "10.42.1.11", namespace: "default" };
const NEW_POD: Party = { address: "10.42.1.12" }; // the controllers of the nodes do not know its namespace yet
const SERVER: Party = { address: "10.0.1.10" };
const OVERLAY: Party = { address: "10.42.1.0" }; // a server, as pods of other servers see it
const INTERNET: Party = { address: "198.51.100.7" };
const METADATA: Party = { address: "169.254.169.254" };

const policies = systemWorkloads(ARGS).map((workload) => policyOfPods(workload.name, workload, SERVERS));

/** Whether kube-system's policies allow a connection; the policies of the other side are not asked. */
function allows(from: Party, to: Party, port: number, protocol = "TCP"): boolean {
  const own = to.namespace === "kube-system" ? "ingress" : "egress";
  const [guarded, peer] = own === "ingress" ? [to, from] : [from, to];
  return policies
    .filter(({ spec }) => selects(spec.podSelector, guarded))
    .flatMap(({ spec }) => spec[own] ?? [])
    .some(
      (rule) =>
        (rule.ports.length === 0 ||
          rule.ports.some((each) => each.port === port && each.protocol === protocol)) &&
        [...(rule.from ?? []), ...(rule.to ?? [])].some((each) => matches(each, peer)),
    );
}

type Selector = NamedPolicy["spec"]["podSelector"];
type RulePeer = NonNullable<NonNullable<NamedPolicy["spec"]["ingress"]>[number]["from"]>[number];

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, { labels = {} }: Party): boolean {
  const exact = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return exact && matchExpressions.every(({ key }) => key in labels);
}

function matches({ ipBlock, namespaceSelector, podSelector = {} }: RulePeer, party: Party): boolean {
  if (ipBlock) {
    const inside = (range: string) => contains(range, party.address);
    return inside(ipBlock.cidr) && !(ipBlock.except ?? []).some(inside);
  }
  const namespace = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"];
  return namespace !== undefined && namespace === party.namespace && selects(podSelector, party);
}

function contains(range: string, address: string): boolean {
  const [network = "", bits = "32"] = range.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(bits));
  return list.check(address);
}

describe("kube-system's network policies", () => {
  it.each([
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
  ])("allow %s", (_, from, to, port, protocol) => {
    expect(allows(from, to, port, protocol)).toBe(true);
  });

  it.each([
    ["a pod to Traefik past HAProxy", STRANGER, TRAEFIK, 8443],
    ["a pod to Traefik's metrics", STRANGER, TRAEFIK, 9100],
    ["a pod to Traefik's own port", AIRFLOW, TRAEFIK, 8080],
    ["a pod to metrics-server", AIRFLOW, METRICS, 10250],
    ["a pod to the metrics of DNS", STRANGER, DNS, 9153],
    ["Prometheus to metrics-server", PROMETHEUS, METRICS, 10250],
    ["a server to local-path", SERVER, STORAGE, 8080],
    ["a pod to a Helm job", AIRFLOW, HELM, 443],
    ["Traefik to another port of a backend", TRAEFIK, AIRFLOW, 5432],
    ["Traefik to a namespace without an Ingress", TRAEFIK, STRANGER, 8080],
    ["Traefik to the internet", TRAEFIK, INTERNET, 443],
    ["Traefik to kubelets", TRAEFIK, SERVER, 10250],
    ["DNS to the internet's websites", DNS, INTERNET, 443],
    ["metrics-server to the internet", METRICS, INTERNET, 443],
    ["local-path to the internet", STORAGE, INTERNET, 443],
    ["a Helm job to etcd", HELM, SERVER, 2379],
    ["a Helm job to the metadata address", HELM, METADATA, 80],
    ["the cloud controller to the metadata address", CLOUD, METADATA, 443],
    ["a pod that nobody named to the API server", UNKNOWN, SERVER, 6445],
    ["a pod that nobody named to DNS", UNKNOWN, INTERNET, 53],
    ["a pod to one that nobody named", AIRFLOW, UNKNOWN, 8080],
  ])("deny %s", (_, from, to, port) => {
    expect(allows(from, to, port)).toBe(false);
  });

  it("open to Prometheus the ports that it scrapes", () => {
    for (const port of SYSTEM_METRICS.ports)
      expect(
        [DNS, TRAEFIK].some((pod) => allows(PROMETHEUS, pod, port)),
        String(port),
      ).toBe(true);
  });

  it("name Hetzner's controllers and Prometheus only where they run", () => {
    const names = systemWorkloads({ exposed: [], othersExposed: [], monitoring: false, hetzner: false }).map(
      ({ name }) => name,
    );
    expect(names).toEqual(["coredns", "metrics-server", "traefik", "local-path-provisioner", "helm-jobs"]);
  });

  it("deny everything else only once the exceptions exist, so that DNS never stops", async () => {
    const { resources } = await evaluateStack({
      program: () => new KubeSystem("kube-system", { ...ARGS, servers: SERVERS }),
    });
    const made = resources.filter(({ type }) => type.endsWith(":NetworkPolicy"));
    const denial = made.find(({ name }) => name === "kube-system-deny-all");

    expect(denial?.inputs.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    const others = made.filter((each) => each !== denial).map(({ urn }) => urn);
    expect(others).toHaveLength(7);
    expect(denial?.dependencies).toEqual(expect.arrayContaining(others));
  });
});
