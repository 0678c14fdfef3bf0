import { canBeKey, columnName, documentation, identifier, parseColumnType } from "../model";
import type { SourceColumn, SourceTable } from "./catalogue";

/** A dataset as `model.yaml` writes it. */
export interface WrittenDataset {
  readonly name: string;
  readonly documentation?: string;
  readonly columns: readonly WrittenColumn[];
}

interface WrittenColumn {
  readonly name: string;
  readonly type: string;
  readonly key?: true;
  readonly nullable?: false;
}

/** What becomes of the tables of a source. */
export interface Drafted {
  readonly datasets: readonly WrittenDataset[];
  /** What the model leaves out, and what a reader of it has to know: a sentence each. */
  readonly remarks: readonly string[];
}

/** Writes each table as a dataset. Leaves out what no model can describe, and says so. */
export function draftDatasets(tables: readonly SourceTable[]): Drafted {
  const drafts = tables.map(draftDataset);
  return {
    datasets: drafts.flatMap(({ dataset }) => dataset ?? []),
    remarks: drafts.flatMap(({ remarks }) => remarks),
  };
}

function draftDataset({ name, comment, columns, key }: SourceTable): {
  dataset?: WrittenDataset;
  remarks: readonly string[];
} {
  const problem = identifier.safeParse(name).error?.issues[0]?.message;
  if (problem) return { remarks: [`${name} is left out, its name ${sentence(problem)}: make a view of it`] };
  const judged = columns.map((column) => ({ column, problem: problemOf(column) }));
  const fitting = judged.filter((each) => each.problem === undefined).map(({ column }) => column);
  if (fitting.length === 0) return { remarks: [`${name} is left out: no column of it can be modelled`] };
  const usable = key.length > 0 && key.every((each) => fitting.some((column) => isKeyColumn(column, each)));
  const text = documentation.safeParse(comment ?? undefined);
  return {
    dataset: {
      name,
      ...(text.success && { documentation: text.data }),
      columns: fitting.map((column) => written(column, usable && key.includes(column.name))),
    },
    remarks: [
      ...judged.flatMap(({ column, problem }) =>
        problem === undefined ? [] : [`${name}.${column.name} is left out: ${problem}`],
      ),
      ...(usable ? [] : [`${name} has no key: its whole row identifies a row, and no row may occur twice`]),
    ],
  };
}

function problemOf({ name, type }: SourceColumn): string | undefined {
  const ofName = columnName.safeParse(name).error?.issues[0]?.message;
  if (ofName) return `its name ${sentence(ofName)}`;
  const parsed = parseColumnType(type);
  return typeof parsed === "string" ? `its type is ${type}; ${parsed}` : undefined;
}

/** The messages of the model's fields begin with what is allowed, or are the end of a sentence. */
const sentence = (message: string) =>
  message.startsWith("allowed: ") ? `does not fit (${message})` : message;

const isKeyColumn = ({ name, type }: SourceColumn, wanted: string) => {
  const parsed = parseColumnType(type);
  return name === wanted && typeof parsed !== "string" && canBeKey(parsed);
};

const written = ({ name, type, nullable }: SourceColumn, isKey: boolean): WrittenColumn => ({
  name,
  type,
  ...(isKey ? { key: true } : !nullable && { nullable: false }),
});
