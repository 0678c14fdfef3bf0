/** Part of a rendered object. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it at many depths, and fail where a part is absent.
export type Rendered = any;

/** An object that a program hands to Kubernetes. */
export interface RenderedObject {
  readonly kind: string;
  readonly name: string;
  readonly ignoreChanges: readonly string[];
  readonly inputs: Rendered;
}

export function renderedObjects(
  resources: readonly {
    readonly type: string;
    readonly inputs: object;
    readonly options: { readonly ignoreChanges?: readonly string[] };
  }[],
): RenderedObject[] {
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ type, inputs, options }) => ({
      kind: type.split(":").at(-1) ?? "",
      name: (inputs as Rendered).metadata.name,
      ignoreChanges: options.ignoreChanges ?? [],
      inputs,
    }));
}

export const ofKind = (objects: readonly RenderedObject[], kind: string) =>
  objects.filter((each) => each.kind === kind);

export const named = (objects: readonly RenderedObject[], kind: string, name: string): Rendered =>
  ofKind(objects, kind).find((each) => each.name === name)?.inputs;
