import { UserError } from "../../../components/shared/user-error";
import type { Manifests } from "./manifests";
import type { Placed } from "./pod";

export type Environment = Readonly<Record<string, string>>;

/**
 * Builds a container's environment like the kubelet: first whole ConfigMaps and Secrets, then single variables, where
 * later ones override earlier ones, and `$(NAME)` expanded. A reference that a pod would wait for forever is an error.
 */
export function environmentOf(placed: Placed, manifests: Manifests): Environment {
  const environment: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of placed.container.envFrom) {
    for (const [kind, reference] of [
      ["ConfigMap", configMapRef],
      ["Secret", secretRef],
    ] as const) {
      if (!reference) continue;
      const content = contentOf(manifests, kind, placed, reference);
      for (const [name, value] of Object.entries(content)) environment[prefix + name] = value;
    }
  }
  for (const variable of placed.container.env) {
    const value = variable.valueFrom
      ? fromSource(variable, placed, manifests)
      : expand(variable.value ?? "", environment);
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

/** A container's arguments with `$(NAME)` expanded. */
export const argumentsOf = ({ container }: Placed, environment: Environment): string[] =>
  container.args.map((word) => expand(word, environment));

interface Reference {
  readonly name: string;
  readonly optional?: boolean | undefined;
}

/** ConfigMaps that Kubernetes creates in every namespace and no plan contains. */
const MADE_BY_KUBERNETES: ReadonlySet<string> = new Set(["kube-root-ca.crt"]);

export function contentOf(
  manifests: Manifests,
  kind: "ConfigMap" | "Secret",
  { namespace, pod }: Placed,
  { name, optional }: Reference,
): Readonly<Record<string, string>> {
  const content = manifests.contentOf(kind, namespace, name);
  if (content || optional || MADE_BY_KUBERNETES.has(name)) return content ?? {};
  throw new UserError(`${pod} needs the ${kind} ${namespace}/${name}, but the plan does not have it`);
}

function fromSource(
  { name, valueFrom }: Placed["container"]["env"][number],
  placed: Placed,
  manifests: Manifests,
): string | undefined {
  const [kind, reference] = valueFrom?.secretKeyRef
    ? (["Secret", valueFrom.secretKeyRef] as const)
    : (["ConfigMap", valueFrom?.configMapKeyRef] as const);
  if (reference) {
    const value = contentOf(manifests, kind, placed, reference)[reference.key];
    if (value !== undefined || reference.optional) return value;
    throw new UserError(
      `${placed.pod} needs the key ${reference.key} of the ${kind} ${placed.namespace}/${reference.name}, but it has no such key`,
    );
  }
  const path = valueFrom?.fieldRef?.fieldPath;
  if (path !== undefined) return field(path, placed);
  throw new UserError(`${placed.pod}: the local run does not support the source of ${name}`);
}

/** A pod field of the downward API. Node and addresses are those of this machine. */
function field(path: string, { namespace, pod, labels, spec }: Placed): string {
  const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
  if (label !== undefined) return labels[label] ?? "";
  const known: Record<string, string> = {
    "metadata.name": pod,
    "metadata.namespace": namespace,
    "metadata.uid": "00000000-0000-4000-8000-000000000000",
    "spec.nodeName": "local",
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.podIP": "127.0.0.1",
    "status.hostIP": "127.0.0.1",
  };
  const value = known[path];
  if (value === undefined) throw new UserError(`${pod}: the local run does not support the field ${path}`);
  return value;
}

/** Expands `$(NAME)` of an existing variable; `$$(NAME)` is an escaped `$(NAME)`. */
const expand = (text: string, environment: Environment) =>
  text.replaceAll(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : (environment[name] ?? found),
  );
