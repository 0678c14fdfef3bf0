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
  readonly matchExpressions?: { readonly key: string; readonly operator: "Exists" }[];
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
  /** Range of the pods' addresses: what `"pods"` means in an allowance. @default none: such an allowance admits nobody */
  readonly pods?: string;
}

/** Denies all pods of a namespace what no other policy allows. */
export const DENY_ALL: NamedPolicy = {
  name: "deny-all",
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};

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
  return [DENY_ALL, ...policies];
}

/** One policy for all connections of the pods with some labels: it takes effect as a whole, and denies the others. */
export function policyOfPods(
  name: string,
  { pods, allow }: { readonly pods: PodLabels; readonly allow: readonly Allowance[] },
  servers: Servers,
): NamedPolicy {
  const specs = allow.map((allowance) => policyFor(allowance, servers).spec);
  return {
    name,
    spec: {
      podSelector: selector(pods),
      policyTypes: ["Ingress", "Egress"],
      ingress: specs.flatMap(({ ingress = [] }) => ingress),
      egress: specs.flatMap(({ egress = [] }) => egress),
    },
  };
}

function policyFor(allowance: Allowance, servers: Servers): NamedPolicy {
  const { at } = servers;
  if ("from" in allowance) {
    const { from, ports, pods } = allowance;
    const protocol = protocolOf(allowance);
    return {
      name: policyName("from", typeof from === "string" ? from : from.namespace, ports, protocol, pods),
      spec: {
        podSelector: selector(pods),
        policyTypes: ["Ingress"],
        ingress: [{ from: clientsFrom(from, servers), ports: portsOf(ports, protocol) }],
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

function clientsFrom(from: "servers" | "pods" | Peer, { at, behind = [], pods }: Servers): RulePeer[] {
  if (from === "pods") return addresses(pods === undefined ? [] : [pods]);
  return from === "servers" ? addresses([...behind, ...at]) : [peer(from)];
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

function selector(pods: PodLabels = {}): Selector {
  const labels = Object.entries(pods);
  const exact = labels.filter(([, value]) => value !== "*");
  const present = labels.filter(([, value]) => value === "*");
  return {
    ...(exact.length > 0 && { matchLabels: Object.fromEntries(exact) }),
    ...(present.length > 0 && {
      matchExpressions: present.map(([key]) => ({ key, operator: "Exists" as const })),
    }),
  };
}

const portsOf = (ports: readonly number[], protocol: Protocol) => ports.map((port) => ({ port, protocol }));
const protocolOf = (allowance: Allowance): Protocol =>
  ("protocol" in allowance && allowance.protocol) || "TCP";

/** The spec of a policy as Pulumi's types want it: with lists that may be changed. */
export function networkPolicySpec({ spec }: NamedPolicy) {
  const { podSelector, policyTypes, ingress, egress } = spec;
  return {
    podSelector,
    policyTypes: [...policyTypes],
    ...(ingress && {
      ingress: ingress.map(({ from = [], ports }) => ({ from: [...from], ports: [...ports] })),
    }),
    ...(egress && { egress: egress.map(({ to = [], ports }) => ({ to: [...to], ports: [...ports] })) }),
  };
}
