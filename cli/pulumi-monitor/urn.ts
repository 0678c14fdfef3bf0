/** The type of the root component of a stack; URNs of its children omit it. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

/** Builds a URN like the engine: the types of all ancestors except the stack, joined by `$`. */
export function urnOf(
  where: { readonly stack: string; readonly project: string },
  type: string,
  name: string,
  parent: string | undefined,
): string {
  const lineage = parent ? qualifiedType(parent) : STACK_TYPE;
  const qualified = lineage === STACK_TYPE ? type : `${lineage}$${type}`;
  return `urn:pulumi:${where.stack}::${where.project}::${qualified}::${name}`;
}

function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}
