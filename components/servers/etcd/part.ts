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
  /** What the cluster is called; part of its token and of its snapshots' names. */
  readonly cluster: string;
  /** The node that this part is for: one of the members. */
  readonly node: string;
  /** All members, this one too. */
  readonly members: readonly EtcdMember[];
  readonly architecture: Architecture;
  /**
   * True from a server's second generation on. Such a server joins the cluster that exists and never founds one, so that
   * a member that lost its disk cannot vote for a past that it has forgotten.
   */
  readonly replaced: boolean;
  /** The worst round trip between two members; heartbeat and election follow from it. */
  readonly roundTripMs: number;
  /** The size at which etcd refuses to grow. */
  readonly quotaGib: number;
  readonly certificates: {
    /** Signs everything below. */
    readonly authority: string;
    /** Names the member's address; serves clients. For both usages, since the JSON gateway calls its own server with it. */
    readonly server: KeyPair;
    /**
     * Carries `PEER_COMMON_NAME` and names every address that this member calls the others from, or they refuse it: its
     * own, and on loopback 127.0.0.1. For both usages.
     */
    readonly peer: KeyPair;
    /** A client's, with the common name `ROOT_USER`: joining, access and snapshots need all rights. */
    readonly root: KeyPair;
  };
  /** Letters and digits. */
  readonly patroniPassword: string;
  readonly snapshots: {
    readonly everyHours: number;
    readonly keepDays: number;
    /** An Ed25519 key pair in OpenSSH's form, for age. Kept outside of the cluster too: without it no snapshot opens. */
    readonly key: { readonly publicKey: string; readonly privateKey: string };
    /** @default snapshots stay on the members, the five newest */
    readonly store?: SnapshotStore;
  };
  /**
   * How long old revisions of keys are kept for watchers and paging, in seconds.
   * @default 300: what API servers keep, where they compact themselves
   */
  readonly historySeconds?: number;
  /** A folder that stands for `/`, where a test lays the files down. */
  readonly root?: string;
}

/** One member of etcd under systemd, with its access, its snapshots and its care. */
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

/** etcd reads its certificates anew for each connection, and the tool for each call: a renewed one needs no restart. */
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

/** etcd is ready once it is part of a quorum, which may take the other machines' time: nothing here waits for it. */
const SETUP = `systemctl daemon-reload
systemctl enable --now --no-block etcd.service etcd-access.service etcd-access.timer etcd-snapshot.timer etcd-defragment.timer
`;
