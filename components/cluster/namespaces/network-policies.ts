import {
  type Allowance,
  type Peer,
  type PodLabels,
  PRIVATE_RANGES,
  type Protocol,
  SYSTEM_NAMESPACE,
} from "../../shared/workloads";

/** The part of a NetworkPolicy that differs between allowances; the component adds the rest of the metadata. */
export interface NamedPolicy {
  /** Name of the policy, made from the allowance. */
  readonly name: string;
  /** Spec of the policy. */
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: ReadonlyArray<"Ingress" | "Egress">;
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

interface Rule {
  readonly to?: readonly RulePeer[];
  readonly from?: readonly RulePeer[];
  readonly ports: ReadonlyArray<{ readonly port: number; readonly protocol: Protocol }>;
}

interface RulePeer {
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
}

interface Selector {
  readonly matchLabels?: Record<string, string>;
}

/** The addresses that `"servers"` means in an allowance. */
export interface Servers {
  /**
   * Addresses or CIDRs at which pods reach the servers. They stand last in a policy: a preview compares lists by place,
   * and one more server must not show every address as changed.
   */
  readonly at: readonly string[];
  /** Further source addresses from which the servers reach pods of other servers. @default none */
  readonly behind?: readonly string[];
}

/**
 * Converts allowances into policies: one that denies everything, then one for each allowance, in the order given. The
 * number and the names of the policies depend on the allowances alone, so they are known before any address is.
 */
export function networkPolicies(
  allowances: readonly Allowance[],
  servers: Servers = { at: [] },
): NamedPolicy[] {
  const policies = allowances.map((allowance) => policyFor(allowance, servers));
  const twice = policies.find(
    ({ name }, index) => policies.findIndex((other) => other.name === name) < index,
  );
  if (twice) throw new Error(`two allowances result in the same policy, ${twice.name}: merge them`);
  return [{ name: "deny-all", spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } }, ...policies];
}

function policyFor(allowance: Allowance, { at, behind = [] }: Servers): NamedPolicy {
  if ("from" in allowance) {
    const { from, ports, pods } = allowance;
    const protocol = protocolOf(allowance);
    return {
      name: policyName("from", from === "servers" ? from : from.namespace, ports, protocol, pods),
      spec: {
        podSelector: selector(pods),
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: from === "servers" ? addresses([...behind, ...at]) : [peer(from)],
            ports: portsOf(ports, protocol),
          },
        ],
      },
    };
  }
  if (allowance.to === "dns") {
    const nameServer = peer({ namespace: SYSTEM_NAMESPACE, pods: { "k8s-app": "kube-dns" } });
    return {
      name: "allow-to-dns",
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: [nameServer], ports: [{ port: 53, protocol: "UDP" }, ...portsOf([53], "TCP")] }],
      },
    };
  }
  const { to, ports, pods } = allowance;
  const protocol = protocolOf(allowance);
  return {
    name: policyName("to", typeof to === "string" ? to : to.namespace, ports, protocol, pods),
    spec: {
      podSelector: selector(pods),
      policyTypes: ["Egress"],
      egress: [{ to: peersOf(to, at), ports: portsOf(ports, protocol) }],
    },
  };
}

function peersOf(to: "internet" | "servers" | Peer, at: readonly string[]): RulePeer[] {
  if (to === "internet") return [{ ipBlock: { cidr: "0.0.0.0/0", except: PRIVATE_RANGES } }];
  return to === "servers" ? addresses(at) : [peer(to)];
}

function peer({ namespace, pods }: Peer): RulePeer {
  if (namespace === "own") return { podSelector: selector(pods) };
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: selector(pods),
  };
}

/**
 * An empty list of servers becomes 0.0.0.0/32, which no host has, because a rule without peers would allow every
 * address.
 */
function addresses(servers: readonly string[]): RulePeer[] {
  const known = servers.length > 0 ? servers : ["0.0.0.0"];
  return known.map((each) => ({ ipBlock: { cidr: each.includes("/") ? each : `${each}/32` } }));
}

function policyName(
  direction: "from" | "to",
  other: string,
  ports: readonly number[],
  protocol: Protocol,
  pods?: PodLabels,
): string {
  const whose = pods ? [Object.values(pods).join("-")] : [];
  return ["allow", ...whose, direction, other, ...(protocol === "UDP" ? ["udp"] : []), ...ports].join("-");
}

const selector = (pods?: PodLabels): Selector => (pods ? { matchLabels: { ...pods } } : {});
const portsOf = (ports: readonly number[], protocol: Protocol) => ports.map((port) => ({ port, protocol }));
const protocolOf = (allowance: Allowance): Protocol =>
  ("protocol" in allowance && allowance.protocol) || "TCP";
