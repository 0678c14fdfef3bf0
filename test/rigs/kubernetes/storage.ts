/** A class whose volumes are folders of nodes, made beforehand; a claim is given one where its pod is put. */
export function storageObjects(
  storageClass: string,
  nodes: readonly string[],
  perNode: number,
  folderOf: (volume: string) => string,
): object[] {
  return [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: storageClass,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "kubernetes.io/no-provisioner",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Retain",
    },
    ...nodes.flatMap((node) =>
      Array.from({ length: perNode }, (_, index) => `${node}-${index + 1}`).map((name) => ({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name },
        spec: {
          capacity: { storage: "1Ti" },
          accessModes: ["ReadWriteOnce", "ReadWriteMany"],
          persistentVolumeReclaimPolicy: "Retain",
          storageClassName: storageClass,
          local: { path: folderOf(name) },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] },
              ],
            },
          },
        },
      })),
    ),
  ];
}
