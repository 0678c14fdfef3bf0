import { stringify } from "yaml";
import { SERVER_PORTS } from "../../shared/address-plan";
import { PEER_COMMON_NAME } from "./access";
import type { EtcdPaths } from "./paths";
import { timeoutsFor } from "./timeouts";

export interface EtcdMember {
  /** The node's name, which is the member's too. */
  readonly name: string;
  /** Where the other members and all clients reach it. */
  readonly address: string;
}

export interface ConfigurationArgs {
  readonly member: EtcdMember;
  readonly paths: EtcdPaths;
  readonly token: string;
  readonly roundTripMs: number;
  readonly quotaGib: number;
  readonly historySeconds: number;
}

export const CLIENT_PORT = 2379;
export const PEER_PORT = 2380;

export const clientUrl = ({ address }: Pick<EtcdMember, "address">) => `https://${address}:${CLIENT_PORT}`;
export const peerUrl = ({ address }: Pick<EtcdMember, "address">) => `https://${address}:${PEER_PORT}`;

const GIB = 1024 ** 3;

/** Features that keep the data of all members the same, wherever they run. */
export const ETCD_INTEGRITY = [
  // A member that defragments answers nobody meanwhile: it says so, and clients go to another.
  "StopGRPCServiceOnDefrag",
  // A member compares its data with the others' before it serves, and after each compaction.
  "InitialCorruptCheck",
  "CompactHashCheck",
];

const FEATURES = [
  ...ETCD_INTEGRITY,
  // Members call each other from the address that their certificates name, however many a machine has.
  "SetMemberLocalAddr",
];

/** etcd's own configuration file, but for how the member joins: that is decided when it starts. */
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
    // Without TLS, since Prometheus has no certificate of this authority; it shows health and figures, no keys.
    "listen-metrics-urls": `http://${member.address}:${SERVER_PORTS.etcdMetrics}`,

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
