import { createHash } from "node:crypto";
import type { KeyPair } from "../../shared/pki";
import { ADMINISTRATORS, type K3sAuthorities } from "../certificates";
import type { MachineFile, MachinePart } from "../machine";
import { administratorsBinding } from "./administrators";
import { clusterAddress, type K3sCluster, type K3sHost } from "./cluster";
import { agentConfiguration, serverConfiguration } from "./configuration";
import { admission, auditPolicy, kubeletSysctls } from "./hardening";
import { ingressConfiguration } from "./ingress";
import type { K3sSecrets } from "./join-secrets";
import {
  ADMISSION,
  AUDIT_LOGS,
  AUDIT_POLICY,
  ETCD_CLIENT,
  K3S_CONFIGURATION,
  K3S_SERVER_STATE,
  MANIFESTS,
} from "./paths";
import { k3sBinary } from "./release";
import { encryptionConfiguration } from "./secrets-encryption";
import { authenticationWait, K3S_UNIT, k3sUnit, starter } from "./unit";

export interface K3sServerArgs {
  readonly host: K3sHost;
  readonly cluster: K3sCluster;
  readonly authorities: K3sAuthorities;
  readonly etcd: { readonly authority: string; readonly client: KeyPair };
  readonly secrets: K3sSecrets;
}

export interface K3sAgentArgs {
  readonly host: K3sHost;
  readonly cluster: K3sCluster;
  /** The authority of the API's certificates. */
  readonly apiAuthority: string;
  readonly agentToken: string;
}

/** A server of the control plane that also runs pods. */
export function k3sServerPart(args: K3sServerArgs): MachinePart {
  const { host, cluster, secrets } = args;
  return {
    name: "k3s",
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
      secret(`${MANIFESTS}/trellis-administrators.yaml`, administratorsBinding(ADMINISTRATORS)),
      secret(
        `${MANIFESTS}/trellis-ingress.yaml`,
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
      ...nodeFiles(host, "server"),
    ],
    setup: setup(),
  };
}

/** A server that only runs pods. */
export function k3sAgentPart({ host, cluster, apiAuthority, agentToken }: K3sAgentArgs): MachinePart {
  const token = joinToken(apiAuthority, agentToken);
  return {
    name: "k3s",
    binaries: [k3sBinary(host.architecture)],
    directories: [secretDirectory(K3S_CONFIGURATION)],
    files: [
      secret(`${K3S_CONFIGURATION}/config.yaml`, agentConfiguration(host, cluster, token)),
      ...nodeFiles(host, "agent"),
    ],
    setup: setup(),
  };
}

const INGRESS_REPLICAS = 3;

/** HAProxy's connections come from a server: from the private network, or in a mesh from one of the public addresses. */
function proxiesOf({ fabric, network, nodeAddresses }: K3sCluster): string[] {
  return fabric === "private-network" ? [network.servers] : nodeAddresses.map((address) => `${address}/32`);
}

/**
 * All that servers of one cluster share. K3s would make it on the first server and hand it on through etcd, where a
 * server that starts in the same seconds makes its own and then refuses to run with it. Laid down everywhere alike
 * before the first start, no server is the first.
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

function nodeFiles(host: K3sHost, role: "server" | "agent"): MachineFile[] {
  return [
    { path: "/etc/sysctl.d/70-kubelet.conf", content: kubeletSysctls() },
    { path: "/etc/modules-load.d/k3s.conf", content: "br_netfilter\noverlay\n" },
    starter(role, clusterAddress(host)),
    { path: `/etc/systemd/system/${K3S_UNIT}`, content: k3sUnit(role) },
  ];
}

/** Not waited for: K3s is ready when etcd has a quorum, which may need machines that boot after this one. */
function setup(): string {
  return `modprobe --all br_netfilter overlay
sysctl --quiet --load=/etc/sysctl.d/70-kubelet.conf
ln -sf k3s /usr/local/bin/kubectl
systemctl enable ${K3S_UNIT}
systemctl restart --no-block ${K3S_UNIT}
`;
}

/** K3s' own form: the digest of the authority's file, whom it is for, and the password. */
function joinToken(authority: string, agentToken: string): string {
  return `K10${createHash("sha256").update(authority).digest("hex")}::node:${agentToken}`;
}

const secret = (path: string, content: string): MachineFile => ({ path, content, mode: "0600" });
const secretDirectory = (path: string) => ({ path, mode: "0700" }) as const;
