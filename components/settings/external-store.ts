import type * as pulumi from "@pulumi/pulumi";
import type { SettingsSecrets } from "./load";
import type { ExternalStoreSettings, Settings } from "./schema";

/** A key pair of an S3 store. */
export interface StoreKeys {
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
}

/** A store with S3's API in place of MinIO, with its keys. */
export interface ExternalStore extends ExternalStoreSettings {
  /** The keys that create buckets, and that applications without keys of their own use. */
  readonly keys: StoreKeys;
  /** Keys of single applications, by application. */
  readonly applicationKeys: Readonly<Record<string, StoreKeys>>;
}

/** The store in place of MinIO; undefined where Trellis runs MinIO. */
export function externalStore(
  { minio }: Settings,
  { storeAccessKey, storeSecretKey, storeKeys }: SettingsSecrets,
): ExternalStore | undefined {
  if (minio.kind !== "external" || !storeAccessKey || !storeSecretKey) return undefined;
  return {
    ...minio,
    keys: { accessKey: storeAccessKey, secretKey: storeSecretKey },
    applicationKeys: storeKeys,
  };
}

export type StoreKeyName = `${"storeAccessKey" | "storeSecretKey"}_${string}`;

/** The secrets with the keys of one application. */
export const keyNames = (
  application: string,
): { readonly accessKey: StoreKeyName; readonly secretKey: StoreKeyName } => ({
  accessKey: `storeAccessKey_${application}`,
  secretKey: `storeSecretKey_${application}`,
});

/** The keys of those applications that have their own. */
export function applicationKeys(
  { minio }: Settings,
  secret: (name: string) => pulumi.Output<string> | undefined,
): Record<string, StoreKeys> {
  if (minio.kind !== "external") return {};
  return Object.fromEntries(
    Object.keys(minio.applications).flatMap((application) => {
      const names = keyNames(application);
      const [accessKey, secretKey] = [secret(names.accessKey), secret(names.secretKey)];
      return accessKey && secretKey ? [[application, { accessKey, secretKey }]] : [];
    }),
  );
}
