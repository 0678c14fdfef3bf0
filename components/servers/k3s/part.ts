import { sha256 } from "../../shared/digest";
import type { KeyPair } from "../../shared/pki";
import { ADMINISTRATORS, type K3sAuthorities } from "../certificates";
import { firstBootReport, type MachineFile, type MachinePart } from "../machine";
import { administratorsBinding } from "./administrators";
import { authenticationConfiguration } from "./authentication";
import { clusterAddress, type K3sCluster, type K3sHost } from "./cluster";
import { agentConfiguration, registries, serverConfiguration } from "./configuration";
import { admission, auditPolicy, kubeletSysctls } from "./hardening";
import { ingressConfiguration } from "./ingress";
import type { K3sSecrets } from "./join-secrets";
import {
  ADMISSION,
  AUDIT_LOGS,
  AUDIT_POLICY,
  AUTHENTICATION,
  ETCD_CLIENT,
  INGRESS_MANIFEST,
  K3S_CONFIGURATION,
  K3S_SERVER_STATE,
  MANIFESTS,
  REGISTRIES,
} from "./paths";
import { k3sBinary } from "./release";
import { encryptionConfiguration } from "./secrets-encryption";
import { authenticationWait, K3S_UNIT, k3sUnit, starter } from "./unit";

export interface K3sServerArgs {
  /** The server that this part is for. */
  readonly host: K3sHost;
  /** Configuration that is the same on all nodes. */
  readonly cluster: K3sCluster;
  /** The CAs and the service-account key, the same on all servers of the control plane. */
  readonly authorities: K3sAuthorities;
  /** etcd's CA certificate (PEM) and the client certificate of its user `k3s`. */
  readonly etcd: { readonly authority: string; readonly client: KeyPair };
  /** The tokens and keys that the nodes share. */
  readonly secrets: K3sSecrets;
}

export interface K3sAgentArgs {
  /** The server that this part is for. */
  readonly host: K3sHost;
  /** Configuration that is the same on all nodes. */
  readonly cluster: K3sCluster;
  /** The CA certificate (PEM) of the API. The agent verifies the API server with it before it sends its token. */
  readonly apiAuthority: string;
  /** The token with which agents join. */
  readonly agentToken: string;
}

/** A K3s server: a server of the control plane that also runs pods. */
export function k3sServerPart(args: K3sServerArgs): MachinePart {
  const { host, cluster, secrets } = args;
  const report = firstBootReport({
    address: host.publicAddress,
    authority: `${K3S_SERVER_STATE}/tls/server-ca`,
    clients: `${K3S_SERVER_STATE}/tls/client-ca.crt`,
  });
  return {
    name: "k3s",
    before: report.before,
    binaries: [k3sBinary(host.architecture)],
    directories: [
      ...[K3S_CONFIGURATION, ETCD_CLIENT].map(secretDirectory),
      { path: "/var/lib/rancher" },
      { path: "/var/lib/rancher/k3s" },
      ...["", "/tls", "/tls/etcd", "/cred"].map((below) => secretDirectory(K3S_SERVER_STATE + below)),
      ...[MANIFESTS, AUDIT_LOGS].map(secretDirectory),
    ],
    files: [
      secret(
        `${K3S_CONFIGURATION}/config.yaml`,
        serverConfiguration(host, cluster, { server: secrets.serverToken, agent: secrets.agentToken }),
      ),
      secret(AUDIT_POLICY, auditPolicy()),
      secret(ADMISSION, admission()),
      ...(cluster.oidc ? [secret(AUTHENTICATION, authenticationConfiguration(cluster.oidc))] : []),
      secret(`${MANIFESTS}/trellis-administrators.yaml`, administratorsBinding(ADMINISTRATORS)),
      secret(
        INGRESS_MANIFEST,
        ingressConfiguration({
          proxies: proxiesOf(cluster),
          pods: cluster.network.pods,
          replicas: Math.min(INGRESS_REPLICAS, cluster.nodeAddresses.length),
        }),
      ),
      ...sharedState(args),
      secret(`${ETCD_CLIENT}/ca.crt`, args.etcd.authority),
      { ...secret(`${ETCD_CLIENT}/client.crt`, args.etcd.client.cert), renewable: true },
      { ...secret(`${ETCD_CLIENT}/client.key`, args.etcd.client.key), renewable: true },
      authenticationWait(cluster.etcdAddresses),
      ...nodeFiles(host, cluster, "server"),
      ...report.files,
    ],
    setup: setup(),
  };
}

/** A K3s agent: a server that only runs pods. */
export function k3sAgentPart({ host, cluster, apiAuthority, agentToken }: K3sAgentArgs): MachinePart {
  const token = joinToken(apiAuthority, agentToken);
  return {
    name: "k3s",
    binaries: [k3sBinary(host.architecture)],
    directories: [secretDirectory(K3S_CONFIGURATION)],
    files: [
      secret(`${K3S_CONFIGURATION}/config.yaml`, agentConfiguration(host, cluster, token)),
      ...nodeFiles(host, cluster, "agent"),
    ],
    setup: setup(),
  };
}

const INGRESS_REPLICAS = 3;

/** HAProxy's source ranges: the private network, or in a mesh the public addresses of all servers. */
function proxiesOf({ fabric, network, nodeAddresses }: K3sCluster): string[] {
  return fabric === "private-network" ? [network.servers] : nodeAddresses.map((address) => `${address}/32`);
}

/**
 * The state that all K3s servers share. By default K3s creates it on the first server and distributes it through etcd.
 * A second server that starts within the same seconds creates its own, and then refuses to run with that of the first.
 * Here every server has the same files before its first start, so all can start at once.
 */
function sharedState({ authorities, secrets }: K3sServerArgs): MachineFile[] {
  const tls = `${K3S_SERVER_STATE}/tls`;
  const authority = (name: string, { cert, key }: KeyPair) => [
    secret(`${tls}/${name}.crt`, cert),
    secret(`${tls}/${name}.key`, key),
  ];
  return [
    ...authority("server-ca", authorities.server),
    ...authority("client-ca", authorities.client),
    ...authority("request-header-ca", authorities.requestHeader),
    ...authority("etcd/server-ca", authorities.embeddedEtcd),
    ...authority("etcd/peer-ca", authorities.embeddedEtcd),
    secret(`${tls}/service.key`, authorities.serviceAccountKey),
    secret(`${K3S_SERVER_STATE}/cred/ipsec.psk`, `${secrets.tunnelKey}\n`),
    secret(
      `${K3S_SERVER_STATE}/cred/encryption-config.json`,
      encryptionConfiguration(secrets.secretsEncryptionKey),
    ),
  ];
}

function nodeFiles(host: K3sHost, cluster: K3sCluster, role: "server" | "agent"): MachineFile[] {
  const hasMirrors = Object.keys(cluster.registryMirrors).length > 0;
  return [
    ...(hasMirrors ? [secret(REGISTRIES, registries(cluster))] : []),
    { path: "/etc/sysctl.d/70-kubelet.conf", content: kubeletSysctls() },
    { path: "/etc/modules-load.d/k3s.conf", content: "br_netfilter\noverlay\n" },
    starter(role, clusterAddress(host)),
    { path: `/etc/systemd/system/${K3S_UNIT}`, content: k3sUnit(role) },
  ];
}

/** `--no-block`: K3s is ready only when etcd has a quorum, which may need machines that boot later. */
function setup(): string {
  return `modprobe --all br_netfilter overlay
sysctl --quiet --load=/etc/sysctl.d/70-kubelet.conf
ln -sf k3s /usr/local/bin/kubectl
systemctl enable ${K3S_UNIT}
systemctl restart --no-block ${K3S_UNIT}
`;
}

/** A token in K3s' format: the digest of the CA's file, the user name, and the password. */
function joinToken(authority: string, agentToken: string): string {
  return `K10${sha256(authority)}::node:${agentToken}`;
}

const secret = (path: string, content: string): MachineFile => ({ path, content, mode: "0600" });
const secretDirectory = (path: string) => ({ path, mode: "0700" }) as const;
