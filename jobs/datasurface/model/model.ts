import type { DerivedStore } from "./derived-store";
import type { Assignments, DescribedEcosystem, Store } from "./schema";

export type Ecosystem = DescribedEcosystem & {
  /** The stores that the transformers make. */
  readonly derived: readonly DerivedStore[];
};

/** A store as its consumers see it: read from a source, or made by a transformer. */
export type AnyStore = Store | DerivedStore;

/** The ecosystem, and which platforms serve which groups. */
export interface Model {
  readonly ecosystem: Ecosystem;
  readonly assignments: Assignments;
}
