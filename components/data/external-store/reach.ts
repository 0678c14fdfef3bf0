import type { Settings } from "../../settings";
import type { Allowance, WorkloadNamespace } from "../../shared/workloads";
import { MIRROR_METRICS_PORT, minioNamespace, OBJECT_STORAGE } from "../minio";

/** The port of a store that is not ours; undefined where Trellis runs MinIO. */
export function storePort({ minio }: Pick<Settings, "minio">): number | undefined {
  return minio.kind === "external" ? Number(new URL(minio.endpoint).port || 443) : undefined;
}

/** The namespace of object storage without servers: the jobs that prepare the store and copy its objects. */
export const externalNamespace = (port: number): WorkloadNamespace => ({
  ...minioNamespace,
  exposed: [],
  scraped: [MIRROR_METRICS_PORT],
  allow: [{ to: "dns" }, { to: "internet", ports: [port] }],
});

/** A namespace whose pods use a store on the internet where they would use MinIO. */
export function reachingTheStore<Each extends WorkloadNamespace>(namespace: Each, port: number): Each {
  const { uses, allow } = namespace;
  const isStore = (each: string) => each === OBJECT_STORAGE.namespace;
  if (!uses.some((each) => isStore(each.namespace))) return namespace;
  const others = uses.flatMap((each) => {
    if (!isStore(each.namespace)) return [each];
    const ports = each.ports.filter((given) => !OBJECT_STORAGE.ports.includes(given));
    return ports.length > 0 ? [{ ...each, ports }] : [];
  });
  const internet: Allowance = { to: "internet", ports: [port] };
  return { ...namespace, uses: others, allow: allow.some(alike(port)) ? allow : [...allow, internet] };
}

const alike = (port: number) => (each: Allowance) =>
  "to" in each && each.to === "internet" && each.pods === undefined && each.ports.join() === String(port);
