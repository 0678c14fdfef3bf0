import { reachingTheStore, storePort } from "../data";
import type { Settings } from "../settings";
import type { WorkloadNamespace } from "../shared/workloads";
import { airflowNamespace } from "./airflow";
import { dataSurfaceNamespace } from "./datasurface";
import { deployedNamespace, gardenosNamespace } from "./gardenos";
import { namespaceWithPage, operationsNamespace } from "./operations";
import { rainNamespace } from "./rain";

/** The namespaces of the systems, for the cluster layer to create. */
export const SYSTEM_NAMESPACES = {
  airflow: airflowNamespace,
  datasurface: dataSurfaceNamespace,
  rain: rainNamespace,
  gardenos: gardenosNamespace,
  operations: operationsNamespace,
};

export type SystemNamespace = keyof typeof SYSTEM_NAMESPACES;

/**
 * The same for a stack: without those of systems that are `false`. A system that the settings only omit keeps its empty
 * namespace, which earlier versions created too.
 */
export function systemNamespaces(
  settings: Pick<Settings, "airflow" | "rain" | "datasurface" | "gardenos" | "minio" | "operations">,
): typeof SYSTEM_NAMESPACES {
  const all = {
    ...SYSTEM_NAMESPACES,
    ...(settings.gardenos && { gardenos: deployedNamespace }),
    ...(settings.operations.page && { operations: namespaceWithPage }),
  };
  const isOff = (system: string) => system in settings && Reflect.get(settings, system) === false;
  const off = Object.entries(all).flatMap(([system, { name }]) => (isOff(system) ? [name] : []));
  const port = storePort(settings);
  const on = Object.entries<WorkloadNamespace>(all)
    .filter(([system]) => !isOff(system))
    .map(([system, each]) => [system, port === undefined ? each : reachingTheStore(each, port)] as const)
    .map(([system, each]) => [
      system,
      { ...each, uses: each.uses.filter(({ namespace }) => !off.includes(namespace)) },
    ]);
  // Safe: a system that is false declares nothing, so nothing looks up its namespace.
  return Object.fromEntries(on) as typeof SYSTEM_NAMESPACES;
}
