import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ObjectStoreAccess } from "../../data";
import { secretVariable } from "../../shared/pods";
import type { OwnParts } from "./rain-pod";

/** The bucket that keeps every file of the imports. */
export interface RainFiles {
  readonly access: ObjectStoreAccess;
  /** Port of the store on the internet. @default none: it is in the cluster */
  readonly storePort?: number | undefined;
}

/** The same for a pod: the keys are in a Secret. */
export interface ImportStore extends Pick<ObjectStoreAccess, "endpoint" | "region" | "bucket"> {
  /** Name of the Secret. */
  readonly secret: pulumi.Input<string>;
  /** Whether the Secret has the store's CA certificate as `ca.crt`. */
  readonly hasAuthority: boolean;
}

const AUTHORITY = { key: "ca.crt", folder: "/etc/trellis/store" };

/** Variables that jobs/rain/config.ts reads; the Secret has those with the keys under their own names. */
const VARIABLES = {
  endpoint: "RAIN_FILES_ENDPOINT",
  region: "RAIN_FILES_REGION",
  bucket: "RAIN_FILES_BUCKET",
  accessKey: "RAIN_FILES_ACCESS_KEY_ID",
  secretKey: "RAIN_FILES_SECRET_ACCESS_KEY",
  authority: "NODE_EXTRA_CA_CERTS",
} as const satisfies Record<keyof ObjectStoreAccess, string>;

export const storeContent = ({
  accessKey,
  secretKey,
  authority,
}: ObjectStoreAccess): Record<string, pulumi.Input<string>> => ({
  [VARIABLES.accessKey]: accessKey,
  [VARIABLES.secretKey]: secretKey,
  ...(authority && { [AUTHORITY.key]: authority }),
});

/** The environment, mount and volume that connect an import to the bucket. */
export function storeAccess(store: ImportStore | undefined): {
  readonly env: NonNullable<OwnParts["variables"]>;
  readonly mounts: NonNullable<OwnParts["mounts"]>;
  readonly volumes: k8s.types.input.core.v1.Volume[];
} {
  if (!store) return { env: [], mounts: [], volumes: [] };
  const { endpoint, region, bucket, secret, hasAuthority } = store;
  const env = [
    { name: VARIABLES.endpoint, value: endpoint },
    { name: VARIABLES.region, value: region },
    { name: VARIABLES.bucket, value: bucket },
    secretVariable(VARIABLES.accessKey, secret),
    secretVariable(VARIABLES.secretKey, secret),
  ];
  if (!hasAuthority) return { env, mounts: [], volumes: [] };
  const volume = "store-authority";
  const { key, folder } = AUTHORITY;
  return {
    env: [...env, { name: VARIABLES.authority, value: `${folder}/${key}` }],
    mounts: [{ name: volume, mountPath: folder, readOnly: true }],
    volumes: [{ name: volume, secret: { secretName: secret, items: [{ key, path: key }] } }],
  };
}

/** A variable of a pod in a cluster. */
interface DeployedVariable {
  readonly name: string;
  readonly value?: string | undefined;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } | undefined } | undefined;
}

/** The bucket of a deployed import. Undefined where it has none. */
export function storeIn(env: readonly DeployedVariable[]): ImportStore | undefined {
  const variable = (part: keyof typeof VARIABLES) => env.find(({ name }) => name === VARIABLES[part]);
  const secret = variable("accessKey")?.valueFrom?.secretKeyRef?.name;
  if (!secret) return undefined;
  return {
    secret,
    endpoint: variable("endpoint")?.value ?? "",
    region: variable("region")?.value ?? "",
    bucket: variable("bucket")?.value ?? "",
    hasAuthority: variable("authority") !== undefined,
  };
}
