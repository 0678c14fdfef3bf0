import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { fabricOf, type HetznerTarget, hasRole, type Node, nodesOf, type OffsiteStore } from "../settings";
import { SERVER_PORTS } from "../shared/address-plan";
import { recordArtefact } from "../shared/artefacts";
import { renderKubeconfig } from "../shared/kubernetes-api";
import type { PostgresPki } from "../shared/pki";
import { Pki } from "./certificates";
import { clientUrl, type EtcdAccess } from "./etcd";
import { type AccountSurvey, Addresses, type MonthlyCost, Servers } from "./hetzner";
import { JoinSecrets } from "./k3s";
import { certificateBundle, filesOf, renderCloudInit } from "./machine";
import { type MachineFacts, machineParts } from "./machine-parts";

export interface HetznerClusterArgs {
  /** The cluster's name: a prefix of every resource at Hetzner and part of the CAs' common names. */
  readonly cluster: string;

  /** The platform's domain. The API's certificate is valid for `api.<domain>`, PostgreSQL's for `postgres.<domain>`. */
  readonly domain: string;

  /** Servers, networks, the edge, and the versions of Kubernetes and etcd. */
  readonly target: HetznerTarget;

  /** Incremented to issue every certificate anew; the CAs stay. */
  readonly certificateEpoch: number;

  /** A Hetzner token for keepalived, which moves the floating IP with it. @default no server gets a token */
  readonly hcloudToken?: pulumi.Input<string> | undefined;

  /** The bucket that etcd's snapshots are copied to. @default snapshots stay on the members' disks */
  readonly snapshotStore?: OffsiteStore | undefined;

  /** The servers and limits that the Hetzner account has now; see `surveyAccount`. */
  readonly survey: AccountSurvey;

  /** PostgreSQL behind HAProxy. @default HAProxy opens neither 5432 nor 5433 */
  readonly postgres?:
    | {
        /** How many members HAProxy has a backend server for. */
        readonly members: number;
        /** The DNS names that pods connect to; they are in PostgreSQL's certificate. */
        readonly names: readonly string[];
      }
    | undefined;
}

/** From nothing to a cluster that answers: addresses, certificates, first boots, servers, in this order. */
export class HetznerCluster extends pulumi.ComponentResource {
  /** A kubeconfig that is complete before any server boots; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Where servers and pods reach the servers. */
  readonly servers: pulumi.Output<string[]>;
  /** The ranges that the servers are in: their private network, or in a mesh the address of each. */
  readonly serverRanges: pulumi.Output<string[]>;
  /** Where clients reach the platform: one address in front, or that of each server. */
  readonly entrances: pulumi.Output<string[]>;
  readonly api: pulumi.Output<string>;
  /** How others reach the etcd that K3s and Patroni share. */
  readonly etcd: EtcdAccess;
  /** The cluster addresses of etcd's members. */
  readonly etcdAddresses: pulumi.Output<string[]>;
  /** The certificates of PostgreSQL. */
  readonly postgres: PostgresPki;
  /** By server: what `trellis-renew-certificates` reads on it. Secret. */
  readonly certificateBundles: pulumi.Output<Record<string, string>>;
  /** Opens etcd's snapshots; to be kept outside of the cluster. */
  readonly snapshotKey: pulumi.Output<string>;
  readonly outdatedServers: pulumi.Output<string[]>;
  readonly monthlyCost: MonthlyCost;
  /** For what must wait until the servers exist. */
  readonly booted: readonly pulumi.Resource[];

  constructor(name: string, args: HetznerClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:hetzner-cluster:HetznerCluster", name, {}, opts);
    const { cluster, domain, target } = args;
    const child = { parent: this };
    const kept = { parent: this, protect: target.protection };
    const nodes = nodesOf(target);

    const addresses = new Addresses(`${name}-addresses`, { cluster, target }, child);
    const addressOf = (node: Node) =>
      pulumi.output(node.privateAddress ?? known(addresses.publicAddress, node));

    const pki = new Pki(
      `${name}-pki`,
      {
        cluster,
        etcdHosts: nodes
          .filter(hasRole("etcd"))
          .map((node) => ({ name: node.name, address: addressOf(node) })),
        postgres: {
          names: [...(args.postgres?.names ?? []), `postgres.${domain}`],
          addresses: addresses.front
            ? [addresses.front]
            : nodes.map((node) => known(addresses.publicAddress, node)),
        },
        epoch: args.certificateEpoch,
        protection: target.protection,
      },
      child,
    );
    const joinSecrets = new JoinSecrets(`${name}-join-secrets`, kept);
    const patroniPassword = new random.RandomPassword(`${name}-patroni`, { length: 40, special: false }, kept)
      .result;
    const snapshotKey = new tls.PrivateKey(`${name}-snapshots`, { algorithm: "ED25519" }, kept);

    const facts: pulumi.Output<MachineFacts> = pulumi
      .output({
        publicAddress: addresses.publicAddress,
        front: addresses.front,
        floatingIpId: addresses.floatingIpId,
        hcloudToken: args.hcloudToken,
        authorities: pki.k3s,
        apiAuthority: pki.apiAuthority,
        etcdAuthority: pki.etcdAuthority,
        etcdMembers: pki.etcdMembers,
        etcdUsers: pki.etcdUsers,
        joinSecrets: joinSecrets.secrets,
        patroniPassword,
        snapshotKey: { publicKey: snapshotKey.publicKeyOpenssh, privateKey: snapshotKey.privateKeyOpenssh },
        snapshotStore: args.snapshotStore,
        certificateAuthority: pki.postgres.authority,
      })
      .apply(({ certificateAuthority, ...known }) => ({
        ...known,
        cluster,
        target,
        domain,
        balancerAddress: addresses.balancerAddress,
        ...(args.postgres && { postgres: { members: args.postgres.members, certificateAuthority } }),
      }));

    const servers = new Servers(
      `${name}-servers`,
      {
        cluster,
        target,
        survey: args.survey,
        environment: addresses.environment,
        userData: Object.fromEntries(nodes.map((node) => [node.name, userData(node, facts)])),
      },
      child,
    );

    this.booted = servers.all;
    this.outdatedServers = servers.outdated;
    this.monthlyCost = servers.monthlyCost;
    this.servers = pulumi.all(nodes.map(addressOf));
    this.serverRanges =
      fabricOf(target.servers) === "private-network"
        ? pulumi.output([target.network.servers])
        : this.servers.apply((addresses) => addresses.map((address) => `${address}/32`));
    this.api = pulumi.interpolate`https://${addresses.api}:${SERVER_PORTS.kubernetesApi}`;
    this.entrances = addresses.front
      ? addresses.front.apply((front) => [front])
      : pulumi.all(nodes.map((node) => known(addresses.publicAddress, node)));
    this.kubeconfig = pulumi.secret(
      pulumi
        .all([this.api, pki.apiAuthority, pki.administrator])
        .apply(([server, authority, administrator]) =>
          renderKubeconfig({ cluster, server, authority, administrator }),
        ),
    );
    this.certificateBundles = pulumi.secret(
      facts.apply((settled) =>
        Object.fromEntries(nodes.map((node) => [node.name, certificateBundle(machineParts(node, settled))])),
      ),
    );
    this.etcdAddresses = pulumi.all(nodes.filter(hasRole("etcd")).map(addressOf));
    this.etcd = {
      hosts: this.etcdAddresses.apply((members) =>
        members.map((address) => new URL(clientUrl({ address })).host),
      ),
      authority: pki.etcdAuthority,
      certificate: pki.patroni,
      password: patroniPassword,
    };
    this.postgres = pki.postgres;
    this.snapshotKey = pulumi.secret(snapshotKey.privateKeyOpenssh);
    this.registerOutputs({ api: this.api, entrances: this.entrances });
  }
}

/** A server's first boot. A plan shows each of its files as it will lie on the machine. */
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
