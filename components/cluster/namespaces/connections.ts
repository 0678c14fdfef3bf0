import {
  type Allowance,
  type Destination,
  MONITORING_NAMESPACE,
  SYSTEM_NAMESPACE,
  type WorkloadNamespace,
} from "../../shared/workloads";

/**
 * cert-manager answers Let's Encrypt's challenge from a pod in the namespace of the Ingress. Without this allowance no
 * certificate is issued there.
 */
export const ACME_SOLVER = {
  from: { namespace: SYSTEM_NAMESPACE },
  ports: [8089],
  pods: { "acme.cert-manager.io/http01-solver": "true" },
} as const satisfies Allowance;

/**
 * Every connection that a namespace's policies allow: those that its workload declares, and those that the workloads of
 * `all` namespaces declare to it.
 */
export function allowancesOf(
  namespace: WorkloadNamespace,
  all: readonly WorkloadNamespace[],
): readonly Allowance[] {
  return [
    ...(namespace.podPolicies ? [] : declared(namespace)),
    ...(namespace.exposed.length > 0 ? [ACME_SOLVER] : []),
    ...clientsOf(namespace.name, all),
  ];
}

/** The connections that the workloads of `all` namespaces declare to a namespace. */
export const clientsOf = (destination: string, all: readonly WorkloadNamespace[]): Allowance[] =>
  all.flatMap(({ name, uses }) =>
    uses
      .filter(({ namespace }) => namespace === destination)
      .map(({ ports }): Allowance => ({ from: { namespace: name }, ports })),
  );

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

/** Names of the namespaces with an Ingress. */
export function exposedBy(namespaces: readonly WorkloadNamespace[]): string[] {
  return namespaces.filter(({ exposed }) => exposed.length > 0).map(({ name }) => name);
}

/** What the ingress controller forwards requests to. */
export function forwardedTo(namespaces: readonly WorkloadNamespace[]): Destination[] {
  return namespaces
    .filter(({ exposed }) => exposed.length > 0)
    .map(({ name, exposed }) => ({ namespace: name, ports: exposed }));
}

/** What Prometheus scrapes. */
export function scrapedBy(namespaces: readonly WorkloadNamespace[]): Destination[] {
  return namespaces
    .filter(({ scraped }) => scraped.length > 0)
    .map(({ name, scraped }) => ({ namespace: name, ports: scraped }));
}
