export interface VolumeClaimArgs {
  /** The claim's name; the StatefulSet's volume mounts refer to it. */
  readonly name: string;
  /** The labels of the claims. */
  readonly labels: Readonly<Record<string, string>>;
  /** The size of each volume as a Kubernetes quantity, for example `20Gi`. */
  readonly size: string;
  /** The StorageClass. @default the cluster's default class */
  readonly storageClass?: string | undefined;
}

/** A volume claim template of a StatefulSet, which gives each pod a volume of its own. */
export function volumeClaim({ name, labels, size, storageClass }: VolumeClaimArgs) {
  return {
    metadata: { name, labels },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClass && { storageClassName: storageClass }),
      resources: { requests: { storage: size } },
    },
  };
}
