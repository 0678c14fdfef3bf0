import type { EtcdMember } from "./configuration";

/** An S3 bucket that does not live in the cluster. */
export interface SnapshotStore {
  /** The S3 address without a path; buckets are addressed by path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface ToolSettings {
  readonly cluster: string;
  readonly member: EtcdMember;
  readonly members: readonly EtcdMember[];
  readonly token: string;
  readonly mayFound: boolean;
  readonly snapshotEveryHours: number;
  readonly snapshotKeepDays: number;
  readonly store?: SnapshotStore;
}

/** What `trellis-etcd` knows of the cluster, as shell variables. */
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

/** The store's keys as a file that curl reads, so that they stand in no process list. */
export function renderStoreCredentials({ accessKey, secretKey }: SnapshotStore): string {
  const escaped = `${accessKey}:${secretKey}`.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `user = "${escaped}"\n`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
