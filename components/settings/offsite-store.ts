import type * as pulumi from "@pulumi/pulumi";
import type { SettingsSecrets } from "./load";
import type { Offsite, Settings } from "./schema";

/** The bucket off the cluster, with the keys that open it. */
export interface OffsiteStore extends Offsite {
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
}

/** The stack's store off the cluster; undefined where the settings have no `offsite`. */
export function offsiteStore(
  { offsite }: Settings,
  { offsiteAccessKey, offsiteSecretKey }: SettingsSecrets,
): OffsiteStore | undefined {
  if (!offsite || !offsiteAccessKey || !offsiteSecretKey) return undefined;
  return { ...offsite, accessKey: offsiteAccessKey, secretKey: offsiteSecretKey };
}
