import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./schema";

/** A key pair of an S3 store. */
export interface StoreKeys {
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
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
