import { type ColumnType, parseColumnType } from "./column-type";
import { isNullable } from "./dataset-schema";
import type { Dataset, DescribedEcosystem, Store } from "./schema";
import type { Transformer, Treatment } from "./transformer";

type Column = Dataset["columns"][number];

/** How one dataset is made from another. */
export interface DatasetMask {
  readonly from: Dataset;
  /** The columns of the copy, in the order of the original, and what becomes of each. */
  readonly columns: readonly { readonly column: Column; readonly treatment: Treatment }[];
}

/** The store that a transformer makes. It has streams, tables and views like every other store. */
export interface DerivedStore extends Pick<Store, "name" | "team" | "production" | "deletions" | "datasets"> {
  readonly documentation?: string | undefined;
  readonly resources?: Store["resources"];
  readonly capture: {
    readonly kind: Transformer["kind"];
    /** That of the store that it reads, so that each of its batches shows one batch of that store. */
    readonly consistency: Store["capture"]["consistency"];
    readonly trigger: Store["capture"]["trigger"];
    readonly from: Store;
    /** The name of the secret key. Undefined: nothing needs one. */
    readonly key: string | undefined;
    /** By the name of the dataset that is made. */
    readonly masks: ReadonlyMap<string, DatasetMask>;
  };
}

export const isDerived = (store: Store | DerivedStore): store is DerivedStore => "masks" in store.capture;

/** Whether the store's changes are read from its source's log, after a first snapshot. */
export const followsChanges = (store: Store | DerivedStore): store is Store =>
  store.capture.kind === "sql_changes";

/** All stores that a consumer can name. */
export const storesOf = ({
  stores,
  derived,
}: Pick<DescribedEcosystem, "stores"> & { readonly derived: readonly DerivedStore[] }): readonly (
  | Store
  | DerivedStore
)[] => [...stores, ...derived];

/** The stores of the transformers. Leaves out what does not exist: lint reports it. */
export const deriveStores = ({ stores, transformers }: DescribedEcosystem): DerivedStore[] =>
  transformers.flatMap((transformer) => {
    const from = stores.find(({ name }) => name === transformer.from);
    return from ? [derive(transformer, from)] : [];
  });

function derive(transformer: Transformer, from: Store): DerivedStore {
  const { name, team, production, documentation, resources, deletions, kind, key, trigger } = transformer;
  const masks = new Map<string, DatasetMask>();
  const datasets: Dataset[] = [];
  for (const wanted of transformer.datasets) {
    const original = from.datasets.find((each) => each.name === (wanted.from ?? wanted.name));
    if (!original) continue;
    const columns = original.columns.flatMap((column) => {
      const treatment = treatmentOf(wanted, column.name);
      return treatment === "drop" ? [] : [{ column, treatment }];
    });
    masks.set(wanted.name, { from: original, columns });
    datasets.push({
      name: wanted.name,
      documentation: wanted.documentation,
      deprecated: false,
      columns: columns.map(({ column, treatment }) => treated(original, column, treatment)),
    });
  }
  return {
    name,
    team,
    production,
    documentation,
    resources,
    deletions,
    datasets,
    capture: { kind, consistency: from.capture.consistency, trigger, from, key, masks },
  };
}

/** What becomes of a column. Its name may be one that every object has, such as `constructor`. */
const treatmentOf = ({ columns }: Transformer["datasets"][number], name: string): Treatment =>
  (Object.hasOwn(columns, name) ? columns[name] : undefined) ?? "drop";

function treated(dataset: Dataset, column: Column, treatment: Treatment): Column {
  const { name, key, type, classification } = column;
  const nullable = isNullable(column);
  const masked = { name, key, retired: false };
  if (treatment === "keep") return { ...masked, type, nullable, classification };
  if (treatment === "hash" || treatment === "token") return { ...masked, type: TEXT, nullable };
  if (treatment === "redact") return { ...masked, type, nullable: nullable || !isText(type) };
  const by =
    typeof treatment === "object" && dataset.columns.find((each) => each.name === treatment.shift.by);
  return { ...masked, type, nullable: nullable || (by ? isNullable(by) : false) };
}

/** Whether a column's redacted values are a word; those of other types are null. */
export const isText = ({ base, array }: ColumnType) =>
  !array && (base === "text" || base === "character varying" || base === "character");

/** Types whose values have one text each, so that equal values have equal tokens, also across these types. */
const TOKENS: readonly ColumnType["base"][] = [
  ...(["smallint", "integer", "bigint", "numeric", "uuid"] as const),
  ...(["character varying", "character", "text"] as const),
];

export const canBeToken = ({ base, array }: ColumnType) => !array && TOKENS.includes(base);

const DATES: readonly ColumnType["base"][] = [
  "date",
  "timestamp without time zone",
  "timestamp with time zone",
];

export const canBeShifted = ({ base, array }: ColumnType) => !array && DATES.includes(base);

const TEXT = parseColumnType("text") as ColumnType; // safe: this type exists
