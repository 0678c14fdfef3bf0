import type * as pulumi from "@pulumi/pulumi";
import type { SettingsSecrets } from "./load";
import type { Offsite, Settings } from "./schema";

/** The S3 bucket outside of the cluster for copies of snapshots, backups and WAL, with its keys. */
export interface OffsiteStore extends Offsite {
  /** The access key for the bucket. */
  readonly accessKey: pulumi.Input<string>;
  /** The secret key of the access key. */
  readonly secretKey: pulumi.Input<string>;
}

/** The stack's off-site store; undefined if the settings have no `offsite`. */
export function offsiteStore(
  { offsite }: Settings,
  { offsiteAccessKey, offsiteSecretKey }: SettingsSecrets,
): OffsiteStore | undefined {
  if (!offsite || !offsiteAccessKey || !offsiteSecretKey) return undefined;
  return { ...offsite, accessKey: offsiteAccessKey, secretKey: offsiteSecretKey };
}
