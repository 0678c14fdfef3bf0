import { stringify } from "yaml";
import { SERVER_PORTS } from "../../shared/address-plan";
import { PEER_COMMON_NAME } from "./access";
import type { EtcdPaths } from "./paths";
import { timeoutsFor } from "./timeouts";

export interface EtcdMember {
  /** The node's name, which is also the member's. */
  readonly name: string;
  /** The address at which the other members and all clients reach it. */
  readonly address: string;
}

export interface ConfigurationArgs {
  /** The member that this configuration is for. */
  readonly member: EtcdMember;
  /** The paths of the data and the certificates. */
  readonly paths: EtcdPaths;
  /** etcd's `initial-cluster-token`, which distinguishes clusters. */
  readonly token: string;
  /** The worst round trip between two members in ms. Heartbeat and election timeout follow from it. */
  readonly roundTripMs: number;
  /** Size of the database in GiB at which etcd refuses writes. */
  readonly quotaGib: number;
  /** The address at which the member serves health and metrics in clear. */
  readonly metricsAddress: string;
  /** Seconds that etcd keeps old revisions of keys before it compacts them. */
  readonly historySeconds: number;
}

export const clientUrl = ({ address }: Pick<EtcdMember, "address">) =>
  `https://${address}:${SERVER_PORTS.etcdClient}`;
const peerUrl = ({ address }: Pick<EtcdMember, "address">) => `https://${address}:${SERVER_PORTS.etcdPeer}`;

const GIB = 1024 ** 3;

/** Feature gates that keep the data of all members the same. Every etcd of ours needs them, on servers and in pods. */
export const ETCD_INTEGRITY = [
  // A member that defragments cannot answer. With this gate it reports that, and clients use another member.
  "StopGRPCServiceOnDefrag",
  // With these two a member compares its data with the others' before it serves and after each compaction.
  "InitialCorruptCheck",
  "CompactHashCheck",
];

const FEATURES = [
  ...ETCD_INTEGRITY,
  // Members connect to each other from the address in their certificates, even if a machine has several.
  "SetMemberLocalAddr",
];

/** Renders etcd's configuration file without the settings for joining, which `trellis-etcd join` adds at each start. */
export function renderConfiguration(args: ConfigurationArgs): string {
  const { member, paths } = args;
  const { heartbeatMs, electionMs } = timeoutsFor(args.roundTripMs);
  return stringify({
    name: member.name,
    "data-dir": paths.data,
    "listen-client-urls": clientUrl(member),
    "advertise-client-urls": clientUrl(member),
    "listen-peer-urls": peerUrl(member),
    "initial-advertise-peer-urls": peerUrl(member),
    "initial-cluster-token": args.token,
    // In clear, for an operator on the machine. The client port serves metrics too, to whoever has a certificate.
    "listen-metrics-urls": `http://${args.metricsAddress}:${SERVER_PORTS.etcdMetrics}`,

    "client-transport-security": {
      "cert-file": `${paths.certificates}/server.crt`,
      "key-file": `${paths.certificates}/server.key`,
      "trusted-ca-file": `${paths.certificates}/ca.crt`,
      "client-cert-auth": true,
    },
    "peer-transport-security": {
      "cert-file": `${paths.certificates}/peer.crt`,
      "key-file": `${paths.certificates}/peer.key`,
      "trusted-ca-file": `${paths.certificates}/ca.crt`,
      "client-cert-auth": true,
      "allowed-cn": [PEER_COMMON_NAME],
    },
    "tls-min-version": "TLS1.3",
    "strict-reconfig-check": true,

    "heartbeat-interval": heartbeatMs,
    "election-timeout": electionMs,
    "quota-backend-bytes": args.quotaGib * GIB,
    "auto-compaction-mode": "periodic",
    "auto-compaction-retention": `${args.historySeconds}s`,
    "feature-gates": FEATURES.map((feature) => `${feature}=true`).join(","),
    "log-level": "info",
  });
}
