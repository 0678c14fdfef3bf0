export interface VolumeClaimArgs {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As a quantity of Kubernetes. */
  readonly size: string;
  /** @default the cluster's own */
  readonly storageClass?: string | undefined;
}

/** What each pod of a StatefulSet asks for: a volume that no other has. */
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
