import { stringify } from "yaml";
import { addressIn, cidr } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import { LOST_SERVER_SECONDS } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { API_SERVER_ARGUMENTS, clientUrl } from "../etcd";
import { clusterAddress, type K3sCluster, type K3sHost } from "./cluster";
import { TLS_CIPHER_SUITES } from "./hardening";
import { ADMISSION, AUDIT_LOGS, AUDIT_POLICY, AUTHENTICATION, ETCD_CLIENT } from "./paths";
import { JOINED_WITH_LABEL, joinedWith } from "./release";

/** HAProxy on the same machine, which checks the health of the API servers. */
const API_ON_THIS_MACHINE = `https://127.0.0.1:${SERVER_PORTS.kubernetesApi}`;
/** The tenth address of the Services' range, by convention. */
const CLUSTER_DNS = 10;

export interface ServerTokens {
  /** Servers join with this token. It also encrypts what servers share through etcd. */
  readonly server: string;
  /** Agents join with this token. It has no other use. */
  readonly agent: string;
}

/** The configuration of a K3s server. All servers differ only in name and addresses; none initializes the cluster. */
export function serverConfiguration(host: K3sHost, cluster: K3sCluster, tokens: ServerTokens): string {
  const tls = [`tls-cipher-suites=${TLS_CIPHER_SUITES.join(",")}`, "tls-min-version=VersionTLS12"];
  return stringify(
    {
      ...nodeConfiguration(host, cluster),
      token: tokens.server,
      "agent-token": tokens.agent,
      "https-listen-port": SERVER_PORTS.apiServer,
      // Pods and agents connect to the API servers directly, so that they do not depend on HAProxy.
      "advertise-address": clusterAddress(host),
      "advertise-port": SERVER_PORTS.apiServer,
      "tls-san": [...new Set(cluster.apiNames)],
      "datastore-endpoint": cluster.etcdAddresses.map((address) => clientUrl({ address })).join(","),
      "datastore-cafile": `${ETCD_CLIENT}/ca.crt`,
      "datastore-certfile": `${ETCD_CLIENT}/client.crt`,
      "datastore-keyfile": `${ETCD_CLIENT}/client.key`,
      "cluster-cidr": cluster.network.pods,
      "service-cidr": cluster.network.services,
      "cluster-dns": addressIn(cidr.parse(cluster.network.services), CLUSTER_DNS),
      "flannel-backend": cluster.fabric === "mesh" ? "wireguard-native" : "vxlan",
      disable: ["servicelb"],
      "disable-cloud-controller": cluster.cloudController,
      "write-kubeconfig-mode": "0600",
      "secrets-encryption": true,
      "secrets-encryption-provider": "secretbox",
      "kube-apiserver-arg": [
        "enable-admission-plugins=NodeRestriction,EventRateLimit",
        `admission-control-config-file=${ADMISSION}`,
        `audit-policy-file=${AUDIT_POLICY}`,
        `audit-log-path=${AUDIT_LOGS}/audit.log`,
        "audit-log-maxage=30",
        "audit-log-maxbackup=10",
        "audit-log-maxsize=100",
        "audit-log-compress=true",
        "service-account-extend-token-expiration=false",
        ...["not-ready", "unreachable"].map(
          (condition) => `default-${condition}-toleration-seconds=${LOST_SERVER_SECONDS}`,
        ),
        ...(cluster.oidc ? [`authentication-config=${AUTHENTICATION}`] : []),
        ...API_SERVER_ARGUMENTS,
        ...tls,
      ],
      "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
    },
    { lineWidth: 0 },
  );
}

/**
 * The configuration of a K3s agent. Its token contains the digest of the API's CA certificate. The agent verifies the
 * server with it before it sends its password.
 */
export function agentConfiguration(host: K3sHost, cluster: K3sCluster, token: string): string {
  return stringify(
    { ...nodeConfiguration(host, cluster), server: API_ON_THIS_MACHINE, token },
    { lineWidth: 0 },
  );
}

function nodeConfiguration(host: K3sHost, cluster: K3sCluster) {
  const address = clusterAddress(host);
  return {
    "node-name": host.name,
    "node-ip": address,
    ...(host.publicAddress !== address && { "node-external-ip": host.publicAddress }),
    "node-label": [
      `${JOINED_WITH_LABEL}=${joinedWith(versions.k3s.version)}`,
      // The cloud controller sets these labels too, and would overwrite other values.
      ...(cluster.cloudController
        ? []
        : [`topology.kubernetes.io/region=${host.location}`, `topology.kubernetes.io/zone=${host.location}`]),
      ...Object.entries(host.labels).map(([label, value]) => `${label}=${value}`),
    ],
    "protect-kernel-defaults": true,
    "kubelet-arg": [
      ...(cluster.cloudController ? ["cloud-provider=external"] : []),
      "streaming-connection-idle-timeout=5m",
      `tls-cipher-suites=${TLS_CIPHER_SUITES.join(",")}`,
      "tls-min-version=VersionTLS12",
      "seccomp-default=true",
      "pod-max-pids=4096",
      `system-reserved=cpu=${RESERVED_CPU_MILLIS}m,memory=${reservedMemoryMi(host)}Mi,ephemeral-storage=2Gi`,
      `eviction-hard=memory.available<${EVICTION_MIB}Mi,nodefs.available<10%,imagefs.available<10%`,
    ],
    // NodePorts are open on the nodes' cluster addresses only.
    "kube-proxy-arg": ["nodeport-addresses=primary"],
  };
}

/** K3s' registries.yaml: where nodes get images before they ask the registry itself. */
export function registries({ registryMirrors }: Pick<K3sCluster, "registryMirrors">): string {
  const mirrors = Object.entries(registryMirrors).map(([registry, endpoint]) => [registry, { endpoint }]);
  return stringify({ mirrors: Object.fromEntries(mirrors) }, { lineWidth: 0 });
}

/**
 * Memory in MiB reserved for etcd, K3s and HAProxy. Without it a pod that uses too much memory can take the control
 * plane down. Measured: a K3s server with etcd needs 1 to 1.6 GiB. Small machines reserve a quarter of their memory.
 */
export function reservedMemoryMi({ memoryGb }: Pick<K3sHost, "memoryGb">): number {
  return Math.min(1536, memoryGb * 256);
}

const RESERVED_CPU_MILLIS = 250;

/** The kubelet evicts pods when less memory than this is free. */
const EVICTION_MIB = 200;

/** The share of a server's memory that its kernel reports: a GB of Hetzner's is a little less than a GiB. */
const REPORTED_SHARE = 0.95;

/** What a server leaves to pods, as its kubelet counts it. */
export function allocatable({ cores, memoryGb }: { readonly cores: number; readonly memoryGb: number }): {
  readonly cpuMillis: number;
  readonly memoryMib: number;
} {
  return {
    cpuMillis: cores * 1000 - RESERVED_CPU_MILLIS,
    memoryMib: Math.floor(memoryGb * 1024 * REPORTED_SHARE) - reservedMemoryMi({ memoryGb }) - EVICTION_MIB,
  };
}
