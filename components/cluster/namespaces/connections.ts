import {
  type Allowance,
  type Destination,
  MONITORING_NAMESPACE,
  SYSTEM_NAMESPACE,
  type WorkloadNamespace,
} from "../../shared/workloads";

/**
 * Every connection that a namespace's policies allow: those that its workload declares, and those that the workloads of
 * `all` namespaces declare to it.
 */
export function allowancesOf(
  namespace: WorkloadNamespace,
  all: readonly WorkloadNamespace[],
): readonly Allowance[] {
  const clients = all.flatMap(({ name, uses }) =>
    uses
      .filter((destination) => destination.namespace === namespace.name)
      .map(({ ports }): Allowance => ({ from: { namespace: name }, ports })),
  );
  return [...(namespace.podPolicies ? [] : declared(namespace)), ...clients];
}

function declared({ allow, uses, exposed, scraped }: WorkloadNamespace): Allowance[] {
  return [
    ...allow,
    ...uses.map(({ namespace, ports }): Allowance => ({ to: { namespace }, ports })),
    ...fromAnyPod(SYSTEM_NAMESPACE, exposed),
    ...fromAnyPod(MONITORING_NAMESPACE, scraped),
  ];
}

const fromAnyPod = (namespace: string, ports: readonly number[]): Allowance[] =>
  ports.length > 0 ? [{ from: { namespace }, ports }] : [];

/** What Prometheus scrapes. */
export function scrapedBy(namespaces: readonly WorkloadNamespace[]): Destination[] {
  return namespaces
    .filter(({ scraped }) => scraped.length > 0)
    .map(({ name, scraped }) => ({ namespace: name, ports: scraped }));
}
