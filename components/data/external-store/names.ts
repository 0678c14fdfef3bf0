/** Names of the objects with which the cluster uses a store that is not ours. They are in the namespace `storage`. */
export const STORE = {
  serviceAccount: "object-storage",
  /** Secret with the keys that create buckets. */
  accessSecret: "object-storage-access",
  /** Secret with the CA certificate, where the store has its own. */
  authoritySecret: "object-storage-authority",
  prepare: "object-storage-prepare",
} as const;

/** Keys of the Secret, each named after the variable that the job reads. */
export const ACCESS_KEYS = { user: "STORAGE_ACCESS_KEY", password: "STORAGE_SECRET_KEY" } as const;

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

export const LABELS = { "app.kubernetes.io/name": STORE.serviceAccount, ...PART_OF } as const;
