import type * as pulumi from "@pulumi/pulumi";
import type { SettingsSecrets } from "./load";
import type { Offsite, Settings } from "./schema";

/** The S3 bucket outside of the cluster for copies of snapshots, backups and WAL, with its keys. */
export interface OffsiteStore extends Offsite {
  /** The access key for the bucket. */
  readonly accessKey: pulumi.Input<string>;
  /** The secret key of the access key. */
  readonly secretKey: pulumi.Input<string>;
  /** A key that can delete, for the pruning jobs alone. @default none: they use the key above */
  readonly prune?:
    | { readonly accessKey: pulumi.Input<string>; readonly secretKey: pulumi.Input<string> }
    | undefined;
}

/** The stack's off-site store; undefined if the settings have no `offsite`. */
export function offsiteStore(
  { offsite }: Settings,
  { offsiteAccessKey, offsiteSecretKey, offsitePruneAccessKey, offsitePruneSecretKey }: SettingsSecrets,
): OffsiteStore | undefined {
  if (!offsite || !offsiteAccessKey || !offsiteSecretKey) return undefined;
  const prune = offsitePruneAccessKey &&
    offsitePruneSecretKey && { accessKey: offsitePruneAccessKey, secretKey: offsitePruneSecretKey };
  return {
    ...offsite,
    accessKey: offsiteAccessKey,
    secretKey: offsiteSecretKey,
    ...(prune && { prune }),
  };
}
