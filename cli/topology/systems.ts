import { parse } from "yaml";
import { type Evaluation, isRecord } from "../pulumi-monitor";
import { groupBy } from "../shared/grouping";
import { type KubernetesObject, kubernetesObject } from "../shared/kubernetes-objects";
import { type Flow, flowsOf, INTERNET, SERVERS } from "./flows";
import { listOf } from "./lists";

/** What the sheet of systems shows: who talks to whom, by which name, and where the data are. */
export interface Systems {
  readonly title: string;
  readonly subtitle: string;
  /** The namespace of the ingress controller, which forwards requests to the hosts. @default no host is exposed */
  readonly entry: string | undefined;
  /** What people use. */
  readonly systems: readonly SystemCard[];
  /** Where state is. */
  readonly data: readonly SystemCard[];
  /** What watches the others, or serves the cluster. */
  readonly others: readonly SystemCard[];
  /** Where copies go that survive the cluster. @default none */
  readonly offsite: Offsite | undefined;
  readonly flows: readonly Flow[];
}

export interface SystemCard {
  readonly name: string;
  /** The host names at which its pages are. */
  readonly hosts: readonly string[];
  /** Databases or buckets. */
  readonly holds: { readonly kind: "databases" | "buckets"; readonly names: readonly string[] } | undefined;
}

export interface Offsite {
  readonly endpoint: string;
  readonly bucket: string;
  /** The namespaces that write there. */
  readonly from: readonly string[];
}

export function systemsOf(evaluation: Evaluation, stack: { project: string; stack: string }): Systems {
  const { resources } = evaluation;
  const objects = resources.flatMap((each) => kubernetesObject(each, each.inputs) ?? []);
  const flows = flowsOf(objects);
  const hosts = hostsOf(objects);
  const holds = contentsOf(evaluation);
  const names = [...new Set(flows.flatMap(({ from, to }) => [from, to]))]
    .filter((name) => name !== SERVERS && name !== INTERNET)
    .sort();
  const data = names.filter((name) =>
    objects.some((each) => each.kind === "StatefulSet" && each.namespace === name),
  );
  const sends = (from: string, to: readonly string[]) =>
    flows.some((flow) => flow.from === from && to.includes(flow.to));
  const users = names.filter((name) => !data.includes(name) && sends(name, data));
  const entry = names.find(
    (name) =>
      hosts.size > 0 && sends(SERVERS, [name]) && [...hosts.keys()].every((host) => sends(name, [host])),
  );
  const systems = users.filter((name) => name !== entry && !sends(name, users));
  const others = names.filter((name) => ![...data, ...systems, entry].includes(name));
  const card = (name: string): SystemCard => ({
    name,
    hosts: hosts.get(name) ?? [],
    holds: holds.get(name),
  });
  return {
    title: `${stack.project} · ${stack.stack} · systems`,
    subtitle: `${flows.length} connections are allowed by the network policies; everything else is refused`,
    entry,
    systems: systems.map(card),
    data: data.map(card),
    others: others.map(card),
    offsite: offsiteOf(objects),
    flows,
  };
}

/** The hosts of Ingresses, and of those that charts create, by namespace. */
function hostsOf(objects: readonly KubernetesObject[]): Map<string, string[]> {
  const found = objects.flatMap(({ kind, namespace, manifest }) => {
    const spec = isRecord(manifest.spec) ? manifest.spec : {};
    if (kind === "Ingress")
      return listOf(spec.rules).flatMap((rule) =>
        isRecord(rule) && typeof rule.host === "string" ? { namespace, host: rule.host } : [],
      );
    if (kind !== "HelmChart" || typeof spec.valuesContent !== "string") return [];
    const target = typeof spec.targetNamespace === "string" ? spec.targetNamespace : namespace;
    return ingressHosts(parse(spec.valuesContent)).map((host) => ({ namespace: target, host }));
  });
  const byNamespace = groupBy(found, ({ namespace }) => namespace ?? "default");
  return new Map(
    [...byNamespace].map(([name, each]) => [name, [...new Set(each.map(({ host }) => host))].sort()]),
  );
}

/** The hosts below every `ingress` that is enabled in a chart's values. */
function ingressHosts(values: unknown): string[] {
  if (typeof values !== "object" || values === null) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const { enabled, hosts } = { enabled: false, hosts: [], ...(key === "ingress" && value) };
    return enabled === true && Array.isArray(hosts) ? hosts.map(String) : ingressHosts(value);
  });
}

/** Databases and buckets, from the specifications that the provisioning Jobs read. */
function contentsOf({ artefacts }: Evaluation): Map<string, NonNullable<SystemCard["holds"]>> {
  const namesIn = (path: string, list: string): string[] => {
    const text = artefacts.find((each) => each.path === path)?.content;
    const entries: unknown = text === undefined ? [] : Reflect.get(JSON.parse(text), list);
    return Array.isArray(entries) ? entries.map(({ name }: { name: unknown }) => String(name)) : [];
  };
  const databases = namesIn("postgres/specification.json", "databases");
  const buckets = namesIn("minio/specification.json", "buckets");
  return new Map([
    ...(databases.length > 0
      ? [["postgres", { kind: "databases" as const, names: databases }] as const]
      : []),
    ...(buckets.length > 0 ? [["storage", { kind: "buckets" as const, names: buckets }] as const] : []),
  ]);
}

/** The bucket outside of the cluster, from the environment of what writes there. */
function offsiteOf(objects: readonly KubernetesObject[]): Offsite | undefined {
  const settings = objects.flatMap(({ namespace = "default", manifest }) =>
    environmentOf(manifest).flatMap(({ name, value }) => {
      const [, key] = /_OFFSITE_(ENDPOINT|BUCKET)$/.exec(name) ?? [];
      return key === undefined ? [] : [{ namespace, key, value }];
    }),
  );
  const settingOf = (key: string) => settings.find((each) => each.key === key)?.value;
  const [endpoint, bucket] = [settingOf("ENDPOINT"), settingOf("BUCKET")];
  if (endpoint === undefined || bucket === undefined) return undefined;
  return { endpoint, bucket, from: [...new Set(settings.map(({ namespace }) => namespace))].sort() };
}

/** The variables with a plain value, of all containers in a manifest. */
function environmentOf(value: unknown): { name: string; value: string }[] {
  if (Array.isArray(value)) return value.flatMap(environmentOf);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "env"
      ? listOf(inner).flatMap((each) =>
          isRecord(each) && typeof each.name === "string" && typeof each.value === "string"
            ? { name: each.name, value: each.value }
            : [],
        )
      : environmentOf(inner),
  );
}
