import type { Settings } from "../schema";

/** Classes of which it is known: K3s' own makes folders on the server's disk, Hetzner's makes volumes. */
const GROWS: Readonly<Record<string, boolean>> = { "local-path": false, "hcloud-volumes": true };

/**
 * Whether volumes of a workload can grow, by its StorageClass or the cluster's default one; undefined where nobody knows
 * before it is tried.
 */
export function volumesGrow(
  { target }: Pick<Settings, "target">,
  storageClass: string | undefined,
): boolean | undefined {
  const usual = target.kind === "existing" ? target.storageClass : "local-path";
  const name = storageClass ?? usual;
  return name === undefined ? undefined : GROWS[name];
}
