import type { EtcdMember } from "./configuration";

/** An S3 bucket outside of the cluster. */
export interface SnapshotStore {
  /** The S3 URL without a path. Buckets are addressed in path style. */
  readonly endpoint: string;
  /** The S3 region, which is part of each request's signature. */
  readonly region: string;
  /** The bucket. */
  readonly bucket: string;
  /** The access key. Only root can read the file that contains it. */
  readonly accessKey: string;
  /** The secret key, in the same file. */
  readonly secretKey: string;
}

export interface ToolSettings {
  /** The cluster's name, part of the snapshots' names. */
  readonly cluster: string;
  /** The member that the tool manages. */
  readonly member: EtcdMember;
  /** All members, including this one. */
  readonly members: readonly EtcdMember[];
  /** etcd's `initial-cluster-token`. */
  readonly token: string;
  /** Whether this member may bootstrap a cluster; false for a replaced server, which can only join. */
  readonly mayFound: boolean;
  /** Hours between two snapshots. */
  readonly snapshotEveryHours: number;
  /** Days to keep snapshots in the store. */
  readonly snapshotKeepDays: number;
  /** The bucket that snapshots are copied to. @default none: snapshots stay on the members */
  readonly store?: SnapshotStore;
}

/** The settings of `trellis-etcd`, as shell variables. */
export function renderToolSettings(settings: ToolSettings): string {
  const { member, members, store } = settings;
  return Object.entries({
    CLUSTER: settings.cluster,
    NAME: member.name,
    ADDRESS: member.address,
    MEMBERS: members.map(({ name, address }) => `${name}=${address}`).join(" "),
    TOKEN: settings.token,
    MAY_FOUND: settings.mayFound ? "yes" : "no",
    SNAPSHOT_EVERY_HOURS: String(settings.snapshotEveryHours),
    SNAPSHOT_KEEP_DAYS: String(settings.snapshotKeepDays),
    ...(store && {
      STORE_ENDPOINT: store.endpoint,
      STORE_REGION: store.region,
      STORE_BUCKET: store.bucket,
    }),
  })
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("");
}

/** The store's keys as a curl configuration file, so that no process list shows them. */
export function renderStoreCredentials({ accessKey, secretKey }: SnapshotStore): string {
  const escaped = `${accessKey}:${secretKey}`.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `user = "${escaped}"\n`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
