import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { fabricOf, type HetznerTarget, hasRole, type Node, nodesOf, type OffsiteStore } from "../settings";
import { SERVER_PORTS } from "../shared/address-plan";
import { recordArtefact } from "../shared/artefacts";
import { renderKubeconfig } from "../shared/kubernetes-api";
import type { KeyPair, PostgresPki } from "../shared/pki";
import { type People, Pki, peopleGroups } from "./certificates";
import { clientUrl, type EtcdAccess } from "./etcd";
import { type AccountSurvey, Addresses, type MonthlyCost, type ServerEnvironment, Servers } from "./hetzner";
import { JoinSecrets } from "./k3s";
import { certificateBundle, filesOf, renderCloudInit } from "./machine";
import { type MachineFacts, machineParts } from "./machine-parts";

export interface HetznerClusterArgs {
  /** The cluster's name: in the names and labels of resources at Hetzner and in the CAs' common names. */
  readonly cluster: string;

  /** The platform's domain. The API's certificate is valid for `api.<domain>`, PostgreSQL's for `postgres.<domain>`. */
  readonly domain: string;

  /** Servers, network, edge, access, protection, and the settings of etcd. */
  readonly target: HetznerTarget;

  /** Increment to issue every leaf certificate again. The CAs stay. */
  readonly certificateEpoch: number;

  /** Increment to revoke the kubeconfigs of developers and readers and to issue new ones. @default 1 */
  readonly kubeconfigEpoch?: number | undefined;

  /**
   * A read-write Hetzner API token, with which keepalived moves the floating IP. `target.edge.kind: floating-ip` needs
   * it. Servers with the role `control-plane` store it.
   * @default no server gets a token
   */
  readonly hcloudToken?: pulumi.Input<string> | undefined;

  /** The bucket that etcd's snapshots are copied to. @default snapshots stay on the members' disks */
  readonly snapshotStore?: OffsiteStore | undefined;

  /** The servers that the Hetzner account has now, and the server types in stock; see `surveyAccount`. */
  readonly survey: AccountSurvey;

  /** PostgreSQL behind HAProxy. @default HAProxy opens neither 5432 nor 5433 */
  readonly postgres?:
    | {
        /** The number of members. HAProxy has backend servers for these only, behind ports 5432 and 5433. */
        readonly members: number;
        /** The DNS names that pods connect to; they are in PostgreSQL's certificate. */
        readonly names: readonly string[];
      }
    | undefined;
}

/**
 * Creates a K3s cluster on Hetzner servers, with the etcd that K3s and Patroni share and HAProxy on every server. It
 * creates addresses, certificates, user data and servers, in this order; the servers install everything else when they
 * boot.
 */
export class HetznerCluster extends pulumi.ComponentResource {
  /** A kubeconfig that is complete before any server boots; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Kubeconfigs with fewer rights, which RBAC gives to `groups`; secret. */
  readonly kubeconfigs: People<pulumi.Output<string>>;
  /** The groups in the certificates of `kubeconfigs`. */
  readonly groups: People<string>;
  /** The servers' addresses for other servers and for pods. */
  readonly servers: pulumi.Output<string[]>;
  /** The servers' public addresses, by name. */
  readonly publicAddresses: pulumi.Output<Record<string, string>>;
  /** The servers' address ranges: their private network, or in a mesh a /32 for each. */
  readonly serverRanges: pulumi.Output<string[]>;
  /** The addresses for clients of the platform: that of the floating IP or load balancer, or those of all servers. */
  readonly entrances: pulumi.Output<string[]>;
  /** The servers that run the API, with their public addresses. */
  readonly controlPlane: pulumi.Output<{ name: string; address: string }[]>;
  /** The URL of the Kubernetes API for administrators. */
  readonly api: pulumi.Output<string>;
  /** How Patroni connects to the etcd that it shares with K3s. */
  readonly etcd: EtcdAccess;
  /** The CA of etcd's members, and a client certificate that only reads their metrics. */
  readonly etcdMetrics: {
    readonly authority: pulumi.Output<string>;
    readonly client: pulumi.Output<KeyPair>;
  };
  /** With which servers serve metrics to other servers over TLS, in a mesh; secret. @default none: in clear */
  readonly serverMetrics: pulumi.Output<KeyPair> | undefined;
  /** The addresses of etcd's members for other servers and for pods. */
  readonly etcdAddresses: pulumi.Output<string[]>;
  /** The certificates of PostgreSQL. */
  readonly postgres: PostgresPki;
  /** By server name: the bundle of certificates that `trellis-renew-certificates` installs on it. Secret. */
  readonly certificateBundles: pulumi.Output<Record<string, string>>;
  /** By server name: the first boot that it would have now, which `trellis apply` brings to it. Secret. */
  readonly firstBoots: Servers["firstBoots"];
  /** The private key that decrypts etcd's snapshots. Keep a copy off the cluster: nothing else decrypts them. */
  readonly snapshotKey: pulumi.Output<string>;
  /** Servers whose cloud-init changed since they were created. */
  readonly outdatedServers: pulumi.Output<string[]>;
  readonly monthlyCost: MonthlyCost;
  /** The servers, for `dependsOn` of resources that must wait until they exist. */
  readonly booted: readonly pulumi.Resource[];

  constructor(name: string, args: HetznerClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:hetzner-cluster:HetznerCluster", name, {}, opts);
    const { cluster, target } = args;
    const nodes = nodesOf(target);

    const addresses = new Addresses(`${name}-addresses`, { cluster, target }, { parent: this });
    const pki = this.#pki(name, args, addresses);
    const secrets = this.#secrets(name, target);
    const facts = machineFacts(args, { addresses, pki, secrets });
    const servers = this.#servers(name, args, { environment: addresses.environment, facts });

    this.booted = servers.all;
    this.outdatedServers = servers.outdated;
    this.firstBoots = servers.firstBoots;
    this.monthlyCost = servers.monthlyCost;
    this.servers = clusterAddresses(nodes, addresses);
    this.publicAddresses = pulumi.output({ ...addresses.publicAddress });
    this.serverRanges = rangesOf(target, this.servers);
    this.api = pulumi.interpolate`https://${addresses.api}:${SERVER_PORTS.kubernetesApi}`;
    this.controlPlane = pulumi.all(
      nodes.filter(hasRole("control-plane")).map((node) => ({
        name: node.name,
        address: known(addresses.publicAddress, node),
      })),
    );
    this.entrances = pulumi.all(publicEntrances(nodes, addresses));
    this.kubeconfig = kubeconfigFor({ cluster, role: "administrator" }, this.api, pki);
    this.kubeconfigs = {
      reader: kubeconfigFor({ cluster, role: "reader" }, this.api, pki),
      developer: kubeconfigFor({ cluster, role: "developer" }, this.api, pki),
    };
    this.groups = peopleGroups(args.kubeconfigEpoch ?? 1);
    this.certificateBundles = certificateBundles(nodes, facts);
    this.etcdAddresses = clusterAddresses(nodes.filter(hasRole("etcd")), addresses);
    this.etcd = etcdAccess(this.etcdAddresses, pki, secrets.patroniPassword);
    this.etcdMetrics = { authority: pki.etcdAuthority, client: pki.etcdMetrics };
    this.serverMetrics = pki.serverMetrics;
    this.postgres = pki.postgres;
    this.snapshotKey = pulumi.secret(secrets.snapshotKey.privateKeyOpenssh);
    // Only what is public: the private keys are in the state once already.
    this.registerOutputs({
      servers: this.servers,
      serverRanges: this.serverRanges,
      entrances: this.entrances,
      api: this.api,
      etcdAddresses: this.etcdAddresses,
      outdatedServers: this.outdatedServers,
      monthlyCost: this.monthlyCost,
    });
  }

  #pki(
    name: string,
    { cluster, domain, target, postgres, certificateEpoch, kubeconfigEpoch }: HetznerClusterArgs,
    addresses: Addresses,
  ): Pki {
    const nodes = nodesOf(target);
    return new Pki(
      `${name}-pki`,
      {
        cluster,
        etcdHosts: nodes
          .filter(hasRole("etcd"))
          .map((node) => ({ name: node.name, address: clusterAddress(node, addresses) })),
        postgres: {
          names: [...(postgres?.names ?? []), `postgres.${domain}`],
          addresses: publicEntrances(nodes, addresses),
        },
        epoch: certificateEpoch,
        peopleEpoch: kubeconfigEpoch,
        metricsInPublic: fabricOf(target.servers) === "mesh",
        protection: target.protection,
      },
      { parent: this },
    );
  }

  #secrets(name: string, { protection }: HetznerTarget): ClusterSecrets {
    const kept = { parent: this, protect: protection };
    return {
      joinSecrets: new JoinSecrets(`${name}-join-secrets`, kept),
      patroniPassword: new random.RandomPassword(`${name}-patroni`, { length: 40, special: false }, kept)
        .result,
      snapshotKey: new tls.PrivateKey(`${name}-snapshots`, { algorithm: "ED25519" }, kept),
    };
  }

  #servers(
    name: string,
    { cluster, target, survey }: HetznerClusterArgs,
    { environment, facts }: { environment: ServerEnvironment; facts: pulumi.Output<MachineFacts> },
  ): Servers {
    return new Servers(
      `${name}-servers`,
      {
        cluster,
        target,
        survey,
        environment,
        userData: Object.fromEntries(nodesOf(target).map((node) => [node.name, userData(node, facts)])),
      },
      { parent: this },
    );
  }
}

/** The secrets of the cluster that are not certificates. */
interface ClusterSecrets {
  /** The tokens and keys that K3s' nodes share. */
  readonly joinSecrets: JoinSecrets;
  /** The password of etcd's user `patroni`. */
  readonly patroniPassword: pulumi.Output<string>;
  /** The key pair that encrypts etcd's snapshots. */
  readonly snapshotKey: tls.PrivateKey;
}

function machineFacts(
  args: HetznerClusterArgs,
  { addresses, pki, secrets }: { addresses: Addresses; pki: Pki; secrets: ClusterSecrets },
): pulumi.Output<MachineFacts> {
  const { cluster, target, domain, postgres } = args;
  const { joinSecrets, patroniPassword, snapshotKey } = secrets;
  return pulumi.output({
    cluster,
    target,
    domain,
    publicAddress: addresses.publicAddress,
    front: addresses.front,
    floatingIpId: addresses.floatingIpId,
    balancerAddress: addresses.balancerAddress,
    hcloudToken: args.hcloudToken,
    authorities: pki.k3s,
    apiAuthority: pki.apiAuthority,
    apiHealth: pki.apiHealth,
    etcdAuthority: pki.etcdAuthority,
    etcdMembers: pki.etcdMembers,
    etcdUsers: pki.etcdUsers,
    serverMetrics: pki.serverMetrics,
    joinSecrets: joinSecrets.secrets,
    patroniPassword,
    snapshotKey: { publicKey: snapshotKey.publicKeyOpenssh, privateKey: snapshotKey.privateKeyOpenssh },
    snapshotStore: args.snapshotStore,
    postgres: postgres && { members: postgres.members, certificateAuthority: pki.postgres.authority },
  });
}

/** The address at which other servers and pods reach this one. */
const clusterAddress = (node: Node, { publicAddress }: Addresses): pulumi.Output<string> =>
  pulumi.output(node.privateAddress ?? known(publicAddress, node));

const clusterAddresses = (nodes: readonly Node[], addresses: Addresses): pulumi.Output<string[]> =>
  pulumi.all(nodes.map((node) => clusterAddress(node, addresses)));

/** The address of the floating IP or load balancer, or those of all servers. */
const publicEntrances = (
  nodes: readonly Node[],
  { front, publicAddress }: Addresses,
): pulumi.Output<string>[] => (front ? [front] : nodes.map((node) => known(publicAddress, node)));

const rangesOf = (target: HetznerTarget, servers: pulumi.Output<string[]>): pulumi.Output<string[]> =>
  fabricOf(target.servers) === "private-network"
    ? pulumi.output([target.network.servers])
    : servers.apply((addresses) => addresses.map((address) => `${address}/32`));

const kubeconfigFor = (
  { cluster, role }: { readonly cluster: string; readonly role: "administrator" | keyof People<unknown> },
  api: pulumi.Output<string>,
  { apiAuthority, administrator, people }: Pki,
): pulumi.Output<string> =>
  pulumi.secret(
    pulumi
      .all([api, apiAuthority, role === "administrator" ? administrator : people[role]])
      .apply(([server, authority, client]) => renderKubeconfig({ cluster, role, server, authority, client })),
  );

const etcdAccess = (
  addresses: pulumi.Output<string[]>,
  { etcdAuthority, patroni }: Pki,
  password: pulumi.Output<string>,
): EtcdAccess => ({
  hosts: addresses.apply((members) => members.map((address) => new URL(clientUrl({ address })).host)),
  authority: etcdAuthority,
  certificate: patroni,
  password,
});

const certificateBundles = (
  nodes: readonly Node[],
  facts: pulumi.Output<MachineFacts>,
): pulumi.Output<Record<string, string>> =>
  pulumi.secret(
    facts.apply((settled) =>
      Object.fromEntries(nodes.map((node) => [node.name, certificateBundle(machineParts(node, settled))])),
    ),
  );

/** Renders a server's user data, and records each file in it for the plan, as it will be on the machine. */
function userData(node: Node, facts: pulumi.Output<MachineFacts>): pulumi.Output<string> {
  return facts.apply((settled) => {
    const parts = machineParts(node, settled);
    for (const { path, content } of filesOf(parts))
      recordArtefact(undefined, `servers/${node.name}${path}`, content);
    return renderCloudInit(parts);
  });
}

function known<T>(values: Readonly<Record<string, T>>, { name }: Node): T {
  const value = values[name];
  if (value === undefined) throw new Error(`there is no entry for ${name}`);
  return value;
}
