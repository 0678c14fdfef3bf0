import type { PlanArgs, PlannedResource } from "../../../policy/plan";

/** A plan that differs from a recorded one in one thing. */
export type Mutation = (recorded: PlanArgs) => PlanArgs;

/** A mutation, the rule that must catch it, and its description. */
export type Mutant = readonly [rule: string, what: string, mutate: Mutation];

export type Path = readonly (string | number)[];

/** A deep copy in which the value at a path is another. `undefined` removes it; missing objects on the way are made. */
export function withAt<T>(whole: T, path: Path, value: unknown): T {
  const copy = structuredClone(whole);
  let parent: object = Object(copy);
  for (const [index, key] of path.slice(0, -1).entries()) {
    if (Reflect.get(parent, key) === undefined)
      Reflect.set(parent, key, typeof path[index + 1] === "number" ? [] : {});
    parent = Reflect.get(parent, key);
  }
  const last = path.at(-1) ?? "";
  if (value !== undefined) Reflect.set(parent, last, value);
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  return copy;
}

type Selector = (resource: PlannedResource) => boolean;

/** The Kubernetes objects of a kind whose name matches. */
export const object =
  (kind: string, name: string, namespace?: string): Selector =>
  ({ type, inputs }) => {
    const metadata = Object(inputs.metadata);
    const inNamespace = namespace === undefined || metadata.namespace === namespace;
    return (
      type.startsWith("kubernetes:") && type.endsWith(`:${kind}`) && metadata.name === name && inNamespace
    );
  };

export const named =
  (name: string, type = ""): Selector =>
  (resource) =>
    resource.name === name && resource.type.includes(type);

/** Changes one resource. It fails if the selector fits none, so that no mutation tests nothing. */
export function change(select: Selector, edit: (resource: PlannedResource) => PlannedResource): Mutation {
  return (recorded) => {
    const at = recorded.resources.findIndex(select);
    const found = recorded.resources[at];
    if (!found) throw new Error("the recorded plan has no resource for this mutation");
    return { ...recorded, resources: recorded.resources.with(at, edit(found)) };
  };
}

/** Puts another value at a path of a resource's inputs. */
export const put = (select: Selector, path: Path, value: unknown): Mutation =>
  change(select, (resource) => withAt(resource, ["inputs", ...path], value));

export function remove(select: Selector): Mutation {
  return (recorded) => {
    const kept = recorded.resources.filter((each) => !select(each));
    if (kept.length === recorded.resources.length) throw new Error("the recorded plan has nothing to remove");
    return { ...recorded, resources: kept };
  };
}

/** Adds a Kubernetes object. */
export function add(
  manifest: Readonly<Record<string, unknown>>,
  type = `kubernetes:core/v1:${manifest.kind}`,
): Mutation {
  const name = `added-${String(manifest.kind)}`;
  const urn = `urn:pulumi:prod::trellis::${type}::${name}`;
  const resource = { urn, type, name, inputs: manifest, secretInputs: [], options: {} };
  return (recorded) => ({ ...recorded, resources: [...recorded.resources, resource] });
}

/** Changes a file of the servers whose path ends so. `undefined` as text removes it. */
export function serverFile(ending: string, edit: (content: string) => string | undefined): Mutation {
  return ({ rendered = [], resources, ...rest }) => {
    if (!rendered.some(({ path }) => path.endsWith(ending)))
      throw new Error(`no server has the file ${ending}`);
    return {
      ...rest,
      // As in a plan, which conceals user data and records its files.
      resources: resources.map((each) =>
        each.type.endsWith(":Server") ? withAt(each, ["inputs", "userData"], "<secret:value>") : each,
      ),
      rendered: rendered.flatMap((file) => {
        const content = file.path.endsWith(ending) ? edit(file.content) : file.content;
        return content === undefined ? [] : [{ ...file, content }];
      }),
    };
  };
}

/** Adds a preview's step. */
export const step =
  (op: string, type: string, name: string): Mutation =>
  (recorded) => ({
    ...recorded,
    steps: [{ op, urn: `urn:pulumi:prod::trellis::trellis:x:X$${type}::${name}` }],
  });
