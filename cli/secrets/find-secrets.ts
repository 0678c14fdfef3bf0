import type { EvaluatedStack } from "../plan";
import type { PlannedResource } from "../pulumi-monitor";
import { groupBy } from "../shared/grouping";
import { configuredKind, kindOf, type SecretKind } from "./kinds";

/** Secrets of one kind in a stack. */
export interface FoundSecret {
  readonly kind: SecretKind;
  /** The resources that hold them in the state; empty for a secret of the configuration. */
  readonly resources: readonly PlannedResource[];
  /** The components that declare them. */
  readonly owners: readonly string[];
  /** What has their values: Secrets as `<namespace>/<name>`, workloads, servers. */
  readonly consumers: readonly string[];
  /** The workloads whose pods restart when the value changes. */
  readonly rolls: readonly string[];
}

const KEY = "tls:index/privateKey:PrivateKey";
const isSecret = ({ type }: PlannedResource) => type === KEY || /^random:/.test(type);

const ROLLING = /:(Deployment|StatefulSet|DaemonSet)$/;
const WORKLOADS = /:(Deployment|StatefulSet|DaemonSet|CronJob|Job)$/;

/** Every secret of a stack, in the order of their names. Throws for a generated one that the table does not know. */
export function findSecrets({ evaluation, secretKeys, whyOf }: FindArgs): FoundSecret[] {
  const { resources } = evaluation;
  const named = new Set(resources.map(({ type, name }) => `${type} ${name}`));
  const has = (type: string, name: string) => named.has(`tls:index/${type} ${name}`);
  const described = resources.filter(isSecret).map((resource) => {
    const { name, type } = resource;
    const of =
      type !== KEY
        ? "none"
        : has("selfSignedCert:SelfSignedCert", name)
          ? "authority"
          : has("certRequest:CertRequest", name)
            ? "certificate"
            : "none";
    const kind = kindOf({ name, of });
    if (!kind)
      throw new Error(`the secret ${name} (${type}) is not in cli/secrets/kinds.ts: describe it there`);
    return { kind, resource };
  });
  const generated = [...groupBy(described, ({ kind }) => kind.name).values()].flatMap((group) => {
    const [first] = group;
    return first
      ? [
          generatedSecret(
            first.kind,
            group.map(({ resource }) => resource),
            resources,
          ),
        ]
      : [];
  });
  const configured = secretKeys.map((key) =>
    configuredSecret(configuredKind(key, whyOf.get(key)), key, resources),
  );
  return [...generated, ...configured].sort((a, b) => (a.kind.name < b.kind.name ? -1 : 1));
}

interface FindArgs extends Pick<EvaluatedStack, "evaluation" | "secretKeys"> {
  /** What a secret of the configuration is needed for, by its key. */
  readonly whyOf: ReadonlyMap<string, string>;
}

function generatedSecret(
  kind: SecretKind,
  own: readonly PlannedResource[],
  all: readonly PlannedResource[],
): FoundSecret {
  const users = usersOf(own, all);
  return {
    kind,
    resources: own,
    owners: unique(own.map(({ parent = "" }) => parent.split("::").at(-1) ?? "")),
    consumers: unique(users.map(labelOf)),
    rolls: rollingOf(users),
  };
}

function configuredSecret(kind: SecretKind, key: string, all: readonly PlannedResource[]): FoundSecret {
  // Values of the configuration are placeholders with their key; in user data they are compressed and not found.
  const users = all.filter(
    ({ inputs, type }) => !/^pulumi:/.test(type) && JSON.stringify(inputs).includes(`<secret:${key}`),
  );
  return {
    kind,
    resources: [],
    owners: ["the stack's configuration"],
    consumers: unique(users.map(labelOf)),
    rolls: rollingOf(users),
  };
}

/** What gets the secrets' values directly. Certificates and requests are on the way, so what uses them counts. */
export function usersOf(
  secrets: readonly PlannedResource[],
  all: readonly PlannedResource[],
): PlannedResource[] {
  const sources = new Set(secrets.map(({ urn }) => urn));
  const users = new Map<string, PlannedResource>();
  for (let before = -1; before < sources.size; ) {
    before = sources.size;
    for (const resource of all) {
      const { urn, propertyDependencies, type } = resource;
      if (
        sources.has(urn) ||
        !Object.values(propertyDependencies)
          .flat()
          .some((on) => sources.has(on))
      )
        continue;
      if (/^(tls|random):/.test(type)) sources.add(urn);
      else users.set(urn, resource);
    }
  }
  return [...users.values()].filter(({ kind }) => kind === "custom");
}

/** The workloads among them that restart. A Secret that a pod only mounts changes below the running pod. */
export const rollingOf = (users: readonly PlannedResource[]): string[] =>
  unique(users.filter(({ type }) => ROLLING.test(type)).map(labelOf));

/** `<namespace>/<kind> <name>` for an object of Kubernetes, and the name for others. */
export function labelOf({ type, name, inputs }: PlannedResource): string {
  const metadata: unknown = inputs.metadata;
  const { namespace, name: object } = Object(metadata);
  const kind = type.split(":").at(-1) ?? "";
  if (!type.startsWith("kubernetes:")) return `${kind} ${String(inputs.name ?? name)}`;
  return `${namespace === undefined ? "" : `${namespace}/`}${kind} ${String(object ?? name)}`;
}

export const isWorkload = ({ type }: PlannedResource): boolean => WORKLOADS.test(type);

const unique = (words: readonly string[]) => [...new Set(words)].filter((word) => word !== "").sort();
