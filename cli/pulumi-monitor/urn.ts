/** The type of the component that stands for the whole stack; it leaves no trace in the URNs of its children. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

/** Builds a URN as the engine does: the types of all ancestors but the stack, joined by `$`. */
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
