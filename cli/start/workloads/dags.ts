import { z } from "zod";
import type { Manifests } from "./manifests";
import { type Placed, podSpec } from "./pod";

const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  secret: z.looseObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() }).optional(),
});

const job = z.looseObject({
  dag: z.string(),
  schedule: z.string().nullable(),
  arguments: z.array(z.string()),
  environment: z.array(variable),
  labels: z.record(z.string(), z.string()),
});

const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: podSpec,
});

const platform = z.looseObject({
  namespace: z.string(),
  template,
  infrastructureTemplate: template,
  infrastructure: job,
});

const streams = z.looseObject({ ingestion: z.array(job) });

interface Dag extends Omit<Placed, "pod"> {
  readonly name: string;
  readonly schedule?: string;
}

/**
 * The workloads that Airflow would run, from its DAG folder: `<platform>.json` contains a platform's pods and its daily
 * job, `<platform>.streams.json` the jobs of its streams.
 */
export function dagWorkloads(manifests: Manifests): Dag[] {
  const files = new Map(
    manifests.objects
      .filter(({ kind }) => kind === "ConfigMap")
      .flatMap(({ namespace = "default", name }) =>
        Object.entries(manifests.contentOf("ConfigMap", namespace, name) ?? {}),
      )
      .filter(([file]) => file.endsWith(".json")),
  );
  return [...files].flatMap(([file, text]) => {
    const read = platform.safeParse(json(text));
    if (!read.success) return [];
    const ofStreams = streams.safeParse(json(files.get(file.replace(/\.json$/, ".streams.json")) ?? "{}"));
    const { namespace, template, infrastructureTemplate, infrastructure } = read.data;
    return [
      dagOf(namespace, infrastructureTemplate, infrastructure),
      ...(ofStreams.data?.ingestion ?? []).map((each) => dagOf(namespace, template, each)),
    ];
  });
}

/** Puts a job into its platform's pod, like the DAG factory. */
function dagOf(
  namespace: string,
  { metadata, spec }: z.output<typeof template>,
  { dag, schedule, arguments: args, environment, labels }: z.output<typeof job>,
): Dag {
  const [base, ...others] = spec.containers;
  if (!base) throw new Error(`${dag} has no container`); // the schema requires one
  const own = environment.map(({ name, value, secret }) =>
    secret ? { name, valueFrom: { secretKeyRef: secret } } : { name, value: value ?? "" },
  );
  const names = new Set(own.map(({ name }) => name));
  const container = { ...base, args, env: [...base.env.filter(({ name }) => !names.has(name)), ...own] };
  return {
    name: dag,
    namespace,
    labels: { ...metadata.labels, ...labels },
    spec: { ...spec, containers: [container, ...others] },
    container,
    ...(schedule !== null && { schedule }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
