import { type Evaluation, isRecord } from "../../../cli/pulumi-monitor";
import { kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { objectsIn } from "../alerting/declared";

/** An object of a plan, as far as a command can name it. */
export interface Named {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Containers of its pods. */
  readonly containers: readonly string[];
  /** Labels of it or of its pods. */
  readonly labels: Readonly<Record<string, unknown>>;
  /** Claim templates of a StatefulSet. */
  readonly claims: readonly string[];
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const names = (values: unknown) => list(values).map((each) => String(record(each).name));

/** Everything that the commands of the documentation can name in these plans. */
export function inventoryOf(plans: readonly Evaluation[]): Named[] {
  return plans
    .flatMap(({ resources }) => resources)
    .flatMap((resource) => kubernetesObject(resource, resource.inputs) ?? [])
    .flatMap(({ kind, namespace, name, manifest }) => [
      named(kind, namespace, name, manifest),
      ...(kind === "HelmChart" ? ofChart(manifest) : []),
    ]);
}

/** The objects of a chart that the program packs itself. */
function ofChart(manifest: unknown): Named[] {
  const { chartContent, targetNamespace } = record(record(manifest).spec);
  return objectsIn(chartContent).map((each) => {
    const { kind, metadata } = record(each);
    const { name, namespace = targetNamespace } = record(metadata);
    return named(String(kind), namespace === undefined ? undefined : String(namespace), String(name), each);
  });
}

export function named(kind: string, namespace: string | undefined, name: string, manifest: unknown): Named {
  const spec = record(record(manifest).spec);
  const template = record(
    kind === "CronJob" ? record(record(spec.jobTemplate).spec).template : spec.template,
  );
  const pod = record(template.spec);
  return {
    kind,
    namespace,
    name,
    containers: [...names(pod.containers), ...names(pod.initContainers)],
    labels: {
      ...record(record(record(manifest).metadata).labels),
      ...record(record(template.metadata).labels),
    },
    claims: list(spec.volumeClaimTemplates).map((each) => String(record(record(each).metadata).name)),
  };
}
