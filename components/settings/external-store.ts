import type { SettingsSecrets } from "./load";
import type { ExternalStoreSettings, Settings } from "./schema";
import type { StoreKeys } from "./store-keys";

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
