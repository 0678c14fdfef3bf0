import type { Fields } from "./fields";

/** A resource that a program declares: of a plan without the engine, or as the engine tells a policy pack. */
export interface PlannedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Fields;
  /** What the provider answered, where that is known. @default nothing is known */
  readonly outputs?: Fields;
  /** The property paths of secrets in the inputs. @default unknown: the engine does not tell a pack */
  readonly secretInputs?: readonly string[];
  /** The resources that each input was computed from. @default none */
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly options: { readonly protect?: boolean };
}

/** What a preview would do to one resource. */
export interface PlannedStep {
  /** The engine's word: `create`, `update`, `delete`, `replace`, `create-replacement`, `delete-replaced`, `same`. */
  readonly op: string;
  readonly urn: string;
}

/** Stands for a value that is known only after a deployment. */
export const UNKNOWN = "<unknown until deployed>";

export const SERVER = "hcloud:index/server:Server";

/** The resource's type in a URN: the last of the types of its ancestors. */
export const typeIn = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
export const nameIn = (urn: string): string => urn.split("::").slice(3).join("::");
