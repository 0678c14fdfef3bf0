import { fabricOf, type HetznerTarget, hasRole, type Node, nodesOf, worstRoundTripMs } from "../settings";
import type { KeyPair } from "../shared/pki";
import type { EtcdMemberCertificates, K3sAuthorities } from "./certificates";
import { haproxyPart, keepalivedPart } from "./edge";
import { type EtcdArgs, type EtcdMember, etcdPart } from "./etcd";
import { type K3sCluster, type K3sSecrets, k3sAgentPart, k3sServerPart } from "./k3s";
import { baseMachine, type MachinePart } from "./machine";

/** The resolved values that a server's first boot is rendered from: addresses, certificates, secrets. */
export interface MachineFacts {
  /** The cluster's name, for etcd's token and snapshots. */
  readonly cluster: string;
  readonly target: HetznerTarget;
  /** The platform's domain, for the API's certificate. */
  readonly domain: string;
  /** By server name. */
  readonly publicAddress: Readonly<Record<string, string>>;
  /** The address of the floating IP or load balancer. @default none: DNS lists the servers */
  readonly front?: string | undefined;
  /** The floating IP's id at Hetzner. @default none: the edge has no floating IP */
  readonly floatingIpId?: string | undefined;
  /** The private source address of the load balancer. @default none: the edge has no load balancer */
  readonly balancerAddress?: string | undefined;
  /** The Hetzner token for keepalived on the control plane; a floating IP requires it. @default none */
  readonly hcloudToken?: string | undefined;
  /** The CAs of K3s, with their keys. */
  readonly authorities: K3sAuthorities;
  /** The API's CA certificate (PEM). */
  readonly apiAuthority: string;
  /** The client certificate with which HAProxy asks whether the API is ready. */
  readonly apiHealth: KeyPair;
  /** etcd's CA certificate (PEM). */
  readonly etcdAuthority: string;
  /** By server name. */
  readonly etcdMembers: Readonly<Record<string, EtcdMemberCertificates>>;
  /** The client certificates of etcd's users. */
  readonly etcdUsers: { readonly root: KeyPair; readonly k3s: KeyPair };
  /** The certificate of HAProxy's metrics. @default none: they are served in clear, inside a private network */
  readonly serverMetrics?: KeyPair | undefined;
  /** The tokens and keys that K3s' nodes share. */
  readonly joinSecrets: K3sSecrets;
  /** The password of etcd's user `patroni`. */
  readonly patroniPassword: string;
  /** The key pair that encrypts etcd's snapshots. */
  readonly snapshotKey: EtcdArgs["snapshots"]["key"];
  /** The bucket that snapshots are copied to. @default none: snapshots stay on the members */
  readonly snapshotStore?: EtcdArgs["snapshots"]["store"] | undefined;
  /** The number of PostgreSQL members behind HAProxy, and the CA certificate (PEM) of Patroni's REST API. */
  readonly postgres?: { readonly members: number; readonly certificateAuthority: string } | undefined;
}

/** The parts of one server, in the order in which they start. */
export function machineParts(node: Node, facts: MachineFacts): MachinePart[] {
  return [
    baseMachine({ maintenanceHour: facts.target.kubernetes.upgradeWindow.startHour }),
    ...(hasRole("etcd")(node) ? [etcd(node, facts)] : []),
    haproxy(node, facts),
    ...(holdsFloatingIp(node, facts.target) ? [keepalived(node, facts)] : []),
    k3s(node, facts),
  ];
}

/**
 * Whether a server may hold the floating IP. keepalived on it moves the address with a token for the whole Hetzner
 * project. So only servers that can take the cluster over anyway have the token, and none that only carries workload.
 */
function holdsFloatingIp(node: Node, { edge }: HetznerTarget): boolean {
  return edge.kind === "floating-ip" && hasRole("control-plane")(node);
}

/** The address at which other servers of the cluster reach this one. */
export function clusterAddressOf(node: Node, publicAddress: MachineFacts["publicAddress"]): string {
  return node.privateAddress ?? known(publicAddress, node.name);
}

/** The names and addresses by which clients reach the API, for its certificate. */
export function apiNamesOf(
  facts: Pick<MachineFacts, "domain" | "front" | "publicAddress" | "target">,
): string[] {
  const controlPlane = nodesOf(facts.target).filter(hasRole("control-plane"));
  return [
    `api.${facts.domain}`,
    ...(facts.front ? [facts.front] : []),
    ...controlPlane.map(({ name }) => known(facts.publicAddress, name)),
  ];
}

function etcd(node: Node, facts: MachineFacts): MachinePart {
  const { target } = facts;
  const members = etcdMembersOf(facts);
  return etcdPart({
    cluster: facts.cluster,
    node: node.name,
    members,
    architecture: node.architecture,
    replaced: (target.generations[node.name] ?? 1) > 1,
    roundTripMs: worstRoundTripMs(
      nodesOf(target)
        .filter(hasRole("etcd"))
        .map(({ location }) => location),
    ),
    quotaGib: target.etcd.quotaGib,
    certificates: {
      authority: facts.etcdAuthority,
      ...known(facts.etcdMembers, node.name),
      root: facts.etcdUsers.root,
    },
    patroniPassword: facts.patroniPassword,
    snapshots: {
      everyHours: target.etcd.snapshotEveryHours,
      keepDays: target.etcd.snapshotKeepDays,
      key: facts.snapshotKey,
      ...(facts.snapshotStore && { store: facts.snapshotStore }),
    },
  });
}

function haproxy(node: Node, facts: MachineFacts): MachinePart {
  const nodes = nodesOf(facts.target);
  const server = (each: Node) => ({ name: each.name, address: clusterAddressOf(each, facts.publicAddress) });
  return haproxyPart({
    server: { ...server(node), memoryGb: node.memoryGb },
    servers: nodes.map(server),
    apiServers: nodes.filter(hasRole("control-plane")).map(server),
    apiClient: facts.apiHealth,
    mesh: fabricOf(facts.target.servers) === "mesh",
    ...(facts.serverMetrics && { metricsCertificate: facts.serverMetrics }),
    ...(facts.postgres && { postgres: facts.postgres }),
    ...(facts.balancerAddress && { loadBalancer: [facts.balancerAddress] }),
  });
}

function keepalived(node: Node, facts: MachineFacts): MachinePart {
  const { edge } = facts.target;
  const { front, floatingIpId, hcloudToken } = facts;
  if (edge.kind !== "floating-ip" || !front || !floatingIpId || !hcloudToken) {
    throw new Error("keepalived needs the address and the id of the floating IP and a Hetzner token");
  }
  const server = (each: Node) => ({ name: each.name, address: clusterAddressOf(each, facts.publicAddress) });
  return keepalivedPart({
    server: { ...server(node), number: node.number },
    servers: nodesOf(facts.target)
      .filter((each) => holdsFloatingIp(each, facts.target))
      .map(server),
    virtualRouterId: edge.virtualRouterId,
    floatingIp: { id: floatingIpId, address: front },
    token: hcloudToken,
  });
}

function k3s(node: Node, facts: MachineFacts): MachinePart {
  const host = { ...node, publicAddress: known(facts.publicAddress, node.name) };
  const cluster = k3sCluster(facts);
  if (!hasRole("control-plane")(node)) {
    const { agentToken } = facts.joinSecrets;
    return k3sAgentPart({ host, cluster, apiAuthority: facts.apiAuthority, agentToken });
  }
  return k3sServerPart({
    host,
    cluster,
    authorities: facts.authorities,
    etcd: { authority: facts.etcdAuthority, client: facts.etcdUsers.k3s },
    secrets: facts.joinSecrets,
  });
}

function k3sCluster(facts: MachineFacts): K3sCluster {
  const { target } = facts;
  return {
    fabric: fabricOf(target.servers),
    network: target.network,
    nodeAddresses: nodesOf(target).map((node) => clusterAddressOf(node, facts.publicAddress)),
    etcdAddresses: etcdMembersOf(facts).map(({ address }) => address),
    apiNames: apiNamesOf(facts),
    cloudController: target.addons.hetzner,
    oidc: target.kubernetes.oidc,
    registryMirrors: target.kubernetes.registryMirrors,
  };
}

function etcdMembersOf({ target, publicAddress }: MachineFacts): EtcdMember[] {
  return nodesOf(target)
    .filter(hasRole("etcd"))
    .map((node) => ({ name: node.name, address: clusterAddressOf(node, publicAddress) }));
}

function known<T>(values: Readonly<Record<string, T>>, name: string): T {
  const value = values[name];
  if (value === undefined) throw new Error(`there is no entry for ${name}`);
  return value;
}
