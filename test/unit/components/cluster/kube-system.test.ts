import { BlockList } from "node:net";
import { describe, expect, it } from "vitest";
import { KubeSystem } from "../../../../components/cluster/kube-system";
import { systemWorkloads } from "../../../../components/cluster/kube-system/workloads";
import { SYSTEM_METRICS } from "../../../../components/cluster/monitoring/scrapes";
import { type NamedPolicy, policyOfPods } from "../../../../components/cluster/namespaces/network-policies";
import { evaluateStack } from "../../../rigs/evaluate";
import {
  ALLOWED,
  DENIED,
  DNS,
  type Party,
  PROMETHEUS,
  SERVERS,
  SYSTEM_ARGS,
  TRAEFIK,
} from "../../../rigs/kubernetes/policies/system-connections";

const policies = systemWorkloads(SYSTEM_ARGS).map((workload) =>
  policyOfPods(workload.name, workload, SERVERS),
);

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
  it.each(ALLOWED)("allow %s", (_, from, to, port, protocol) => {
    expect(allows(from, to, port, protocol)).toBe(true);
  });

  it.each(DENIED)("deny %s", (_, from, to, port, protocol) => {
    expect(allows(from, to, port, protocol)).toBe(false);
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
      program: () => new KubeSystem("kube-system", { ...SYSTEM_ARGS, servers: SERVERS }),
    });
    const made = resources.filter(({ type }) => type.endsWith(":NetworkPolicy"));
    const denial = made.find(({ name }) => name === "kube-system-deny-all");

    expect(denial?.inputs.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    const others = made.filter((each) => each !== denial).map(({ urn }) => urn);
    expect(others).toHaveLength(7);
    expect(denial?.dependencies).toEqual(expect.arrayContaining(others));
  });
});
