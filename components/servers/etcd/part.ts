import type { KeyPair } from "../../shared/pki";
import type { MachineDirectory, MachineFile, MachinePart } from "../machine";
import { PATRONI_USER, renderGrants } from "./access";
import { type EtcdMember, renderConfiguration } from "./configuration";
import { type EtcdPaths, etcdPaths } from "./paths";
import { type Architecture, etcdBinaries } from "./release";
import { renderTool } from "./tool";
import { renderStoreCredentials, renderToolSettings, type SnapshotStore } from "./tool-settings";
import { renderUnits } from "./units";

export interface EtcdArgs {
  /** The cluster's name, part of etcd's cluster token and of the snapshots' names. */
  readonly cluster: string;
  /** The node that this part is for: the name of one of the members. */
  readonly node: string;
  /** All members, including this one. */
  readonly members: readonly EtcdMember[];
  /** CPU architecture of the node; it selects the etcd release to download. */
  readonly architecture: Architecture;
  /**
   * True from a server's second generation on. Such a server joins the existing cluster and never bootstraps one:
   * a member that lost its disk also lost the log entries that it had acknowledged, and must not vote without them.
   */
  readonly replaced: boolean;
  /**
   * The worst round trip between two members in ms. Heartbeat and election timeout follow from it: too low a value
   * causes needless elections, too high a value delays the election after the leader is lost.
   */
  readonly roundTripMs: number;
  /** Size of the database in GiB at which etcd refuses writes. More needs more memory and a longer restore. */
  readonly quotaGib: number;
  /** The member's certificates. The private keys are readable by root and etcd only. */
  readonly certificates: {
    /** The CA certificate (PEM) that issued the certificates below. */
    readonly authority: string;
    /** The server certificate, with the member's address. It is also a client certificate: the JSON gateway uses it. */
    readonly server: KeyPair;
    /**
     * The peer certificate, for server and client use, with the common name `PEER_COMMON_NAME`. It contains every
     * address from which this member connects to the others: its own, and on loopback 127.0.0.1. Members refuse
     * connections from other addresses.
     */
    readonly peer: KeyPair;
    /** The client certificate of the user `ROOT_USER`: joining, access and snapshots need all rights. */
    readonly root: KeyPair;
  };
  /** The password of etcd's user `patroni`; letters and digits only. */
  readonly patroniPassword: string;
  /** When snapshots are taken, how they are encrypted, and where copies go. */
  readonly snapshots: {
    /** Hours between two snapshots. Fewer hours lose less in a restore and store more snapshots. */
    readonly everyHours: number;
    /** Days to keep snapshots in the store. More days need more space. The three newest stay in any case. */
    readonly keepDays: number;
    /** An Ed25519 key pair in OpenSSH format, for age. Keep a copy off the cluster: it alone decrypts the snapshots. */
    readonly key: { readonly publicKey: string; readonly privateKey: string };
    /** The bucket for copies. @default none: snapshots are on the members only. Each keeps its five newest. */
    readonly store?: SnapshotStore;
  };
  /**
   * Seconds to keep old revisions of keys, for watchers and paging.
   * @default 300, as API servers do if they compact themselves
   */
  readonly historySeconds?: number;
  /**
   * The address at which the member serves health and metrics without TLS. Members on one machine need different ones.
   * @default "127.0.0.1"
   */
  readonly metricsAddress?: string;
  /** A directory to use instead of `/`, for tests. @default "", the machine's own root */
  readonly root?: string;
}

/** One member of etcd under systemd, with its users, snapshots and weekly defragmentation. */
export function etcdPart(args: EtcdArgs): MachinePart {
  const member = args.members.find(({ name }) => name === args.node);
  if (!member) throw new Error(`${args.node} is not an etcd member`);
  const paths = etcdPaths(args.root);
  return {
    name: "etcd",
    packages: ["age", "curl", "jq", "python3", "zstd"],
    users: ["etcd"],
    binaries: etcdBinaries(args.architecture, paths.binaries),
    directories: directories(paths),
    files: [
      ...configurationFiles(args, member, paths),
      ...certificateFiles(args, paths),
      ...secretFiles(args, paths),
      { path: paths.program, content: renderTool(), mode: "0755" },
      ...renderUnits(paths, member.address).map(({ name, content }) => ({
        path: `${paths.units}/${name}`,
        content,
      })),
    ],
    setup: SETUP,
  };
}

function configurationFiles(args: EtcdArgs, member: EtcdMember, paths: EtcdPaths): MachineFile[] {
  const token = `${args.cluster}-etcd`;
  const { everyHours, keepDays, store } = args.snapshots;
  return [
    {
      path: paths.configuration,
      content: renderConfiguration({
        member,
        paths,
        token,
        roundTripMs: args.roundTripMs,
        quotaGib: args.quotaGib,
        historySeconds: args.historySeconds ?? 300,
        metricsAddress: args.metricsAddress ?? "127.0.0.1",
      }),
    },
    {
      path: paths.tool,
      content: renderToolSettings({
        cluster: args.cluster,
        member,
        members: args.members,
        token,
        mayFound: !args.replaced,
        snapshotEveryHours: everyHours,
        snapshotKeepDays: keepDays,
        ...(store && { store }),
      }),
    },
    { path: paths.grants, content: renderGrants() },
  ];
}

/** Renewed certificates need no restart: etcd reads them for each connection, the tool for each call. */
function certificateFiles({ certificates }: EtcdArgs, paths: EtcdPaths): MachineFile[] {
  const { authority, server, peer, root } = certificates;
  const pair = (name: string, { cert, key }: KeyPair, rights: Pick<MachineFile, "mode" | "owner">) => [
    { path: `${paths.certificates}/${name}.crt`, content: cert, renewable: true },
    { path: `${paths.certificates}/${name}.key`, content: key, renewable: true, ...rights },
  ];
  return [
    { path: `${paths.certificates}/ca.crt`, content: authority },
    ...pair("server", server, { mode: "0640", owner: "root:etcd" }),
    ...pair("peer", peer, { mode: "0640", owner: "root:etcd" }),
    ...pair("root", root, { mode: "0600" }),
  ];
}

function secretFiles({ patroniPassword, snapshots }: EtcdArgs, paths: EtcdPaths): MachineFile[] {
  const { key, store } = snapshots;
  return [
    { path: `${paths.etc}/${PATRONI_USER}.password`, content: `${patroniPassword}\n`, mode: "0600" },
    { path: paths.snapshotRecipient, content: `${key.publicKey.trim()}\n`, mode: "0600" },
    { path: paths.snapshotIdentity, content: `${key.privateKey.trim()}\n`, mode: "0600" },
    ...(store
      ? [{ path: paths.storeCredentials, content: renderStoreCredentials(store), mode: "0600" as const }]
      : []),
  ];
}

function directories(paths: EtcdPaths): MachineDirectory[] {
  return [
    { path: paths.data, mode: "0700", owner: "etcd:etcd" },
    { path: paths.state, mode: "0700" },
    { path: paths.snapshots, mode: "0700" },
    { path: paths.metrics },
  ];
}

/** `--no-block`: etcd is ready only when it is part of a quorum, which may need machines that boot later. */
const SETUP = `systemctl daemon-reload
systemctl enable --now --no-block etcd.service etcd-access.service etcd-access.timer etcd-snapshot.timer etcd-defragment.timer
`;
