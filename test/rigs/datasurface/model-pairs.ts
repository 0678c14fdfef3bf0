import fc from "fast-check";
import { expect } from "vitest";
import { infrastructure } from "../../../jobs/datasurface/infrastructure";
import type { Model } from "../../../jobs/datasurface/model";
import { findPlatform, streamsOf, viewNames } from "../../../jobs/datasurface/model";
import { JobError } from "../../../jobs/shared";
import { contentsOf } from "./contents";
import {
  addressOf,
  type ColumnSpec,
  ecosystemOf,
  modelFrom,
  type StoreSpec,
  UNGUARDED,
  type World,
} from "./datasurface";

/** A valid model, small enough that pairs of models often lead to the same tables. */
export interface ModelSpec {
  readonly swapped: boolean;
  readonly stores: Readonly<Record<string, StoreSpec>>;
}

const PLATFORM = "YellowForensic";
const OTHER: Readonly<Record<string, string>> = {
  LIVE_ONLY: "FORENSIC",
  FORENSIC: "LIVE_ONLY",
  live_only: "batch_milestoned",
  batch_milestoned: "live_only",
};

const column = fc.record({
  name: fc.constantFrom("a", "b", "batch", "place", "whole"),
  type: fc.constantFrom(
    "smallint",
    "integer",
    "bigint",
    "numeric(6,2)",
    "numeric(8,3)",
    "varchar(5)",
    "varchar(9)",
    "text",
  ),
  nullable: fc.boolean(),
  retired: fc.boolean(),
});

const columns = fc
  .tuple(
    fc.constantFrom<readonly string[]>(["id"], ["id"], ["id"], [], ["id", "id2"]),
    fc.uniqueArray(column, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
  )
  .map(([keys, others]): ColumnSpec[] => [
    ...keys.map((name) => ({ name, type: "integer", key: true })),
    ...others.map((each, index) => ({ ...each, retired: each.retired && index > 0 })),
  ]);

const store = fc.record({
  consistency: fc.constantFrom("MULTI_DATASET" as const, "MULTI_DATASET" as const, "SINGLE_DATASET" as const),
  datasets: fc.dictionary(fc.constantFrom("x", "b_x", "X"), columns, { minKeys: 1, maxKeys: 2 }),
});

const name = fc.constantFrom("S", "S", "s", "S_b");

const spec = fc
  .record({ swapped: fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 0), name, store })
  .map(
    ({ swapped, name, store }): ModelSpec => ({
      swapped,
      stores: { [name]: { ...store, deletions: UNGUARDED } },
    }),
  );

type Edit = (before: ModelSpec) => ModelSpec;

/** Edits of the kind that people make, one dataset or store at a time. */
const edit = fc.oneof(
  fc.constant<Edit>((before) => before),
  fc.constant<Edit>((before) => ({ ...before, swapped: !before.swapped })),
  fc.constant<Edit>((before) =>
    withStore(before, (store) => ({
      ...store,
      consistency: store.consistency === "SINGLE_DATASET" ? "MULTI_DATASET" : "SINGLE_DATASET",
    })),
  ),
  name.map((other) => (before: ModelSpec) => ({
    ...before,
    stores: { [other]: Object.values(before.stores)[0] as StoreSpec },
  })), // a spec has one store
  fc.tuple(fc.nat(4), column, fc.constantFrom("add", "drop", "type", "null", "retire", "order", "key")).map(
    ([at, drawn, kind]) =>
      (before: ModelSpec) =>
        withColumns(before, (all) => editColumns(all, at, drawn, kind)),
  ),
  fc.tuple(fc.constantFrom("x", "b_x", "X"), columns).map(
    ([dataset, all]) =>
      (before: ModelSpec) =>
        withStore(before, (store) => ({ ...store, datasets: { ...store.datasets, [dataset]: all } })),
  ),
);

const withStore = (spec: ModelSpec, change: (store: StoreSpec) => StoreSpec): ModelSpec => ({
  ...spec,
  stores: Object.fromEntries(Object.entries(spec.stores).map(([name, store]) => [name, change(store)])),
});

const withColumns = (spec: ModelSpec, change: (columns: readonly ColumnSpec[]) => readonly ColumnSpec[]) =>
  withStore(spec, (store) => ({
    ...store,
    datasets: Object.fromEntries(Object.entries(store.datasets).map(([name, all]) => [name, change(all)])),
  }));

function editColumns(
  all: readonly ColumnSpec[],
  at: number,
  drawn: ColumnSpec,
  kind: string,
): readonly ColumnSpec[] {
  const chosen = at % all.length;
  const edited = (change: Partial<ColumnSpec>) =>
    all.map((each, index) => (index === chosen && !each.key ? { ...each, ...change } : each));
  if (kind === "add") return [...all, drawn];
  if (kind === "drop") return all.filter((_, index) => index !== chosen);
  if (kind === "type") return edited({ type: drawn.type });
  if (kind === "null") return edited({ nullable: drawn.nullable ?? true });
  if (kind === "retire") return edited({ retired: true });
  if (kind === "key")
    return all.map((each, index) => (index === chosen ? { ...each, key: !each.key, nullable: false } : each));
  return [...all].reverse();
}

const isValid = (spec: ModelSpec): boolean => {
  try {
    modelOf(spec);
    return true;
  } catch (error) {
    if (error instanceof JobError) return false;
    throw error;
  }
};

/** A model, and what somebody makes of it: mostly by a few edits, sometimes another one. */
export const modelPair = fc
  .tuple(
    spec.filter(isValid),
    fc.oneof(
      { weight: 5, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: spec },
    ),
  )
  .map(([first, second]) => ({
    first,
    second: Array.isArray(second) ? second.reduce((before, change) => change(before), first) : second,
  }))
  .filter(({ second }) => isValid(second));

function modelOf({ stores, swapped }: ModelSpec): Model {
  const files = ecosystemOf(stores);
  if (!swapped) return modelFrom(files);
  const text = JSON.stringify(files);
  return modelFrom(
    JSON.parse(
      text.replaceAll(/"(\w+)"/g, (quoted, word: string) => (OTHER[word] ? `"${OTHER[word]}"` : quoted)),
    ),
  );
}

/**
 * Two batches under the first model and one under the second: each stream of the second is refused with nothing
 * changed, or the consumers' answers about the first two batches are what they were.
 */
export async function keepsHistory(world: World, { first, second }: { first: ModelSpec; second: ModelSpec }) {
  world.model = modelOf(first);
  for (const round of [1, 2]) {
    await fillSource(world, first, round);
    for (const stream of streamsOf(world.model, findPlatform(world.model, PLATFORM))) {
      expect(await ingest(world, stream)).toBe("done");
    }
  }
  await maintain(world);
  const before = await answers(world, first);

  world.model = modelOf(second);
  await fillSource(world, second, 3);
  let refused = 0;
  for (const stream of streamsOf(world.model, findPlatform(world.model, PLATFORM))) {
    const contents = await contentsOf(world.merge);
    const error = await ingest(world, stream).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) continue;
    expect(error).toBeInstanceOf(JobError);
    expect(await contentsOf(world.merge)).toEqual(contents);
    refused++;
  }
  const error = await maintain(world).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (refused === 0) expect(error).toBeUndefined();
  else expect(error).toBeInstanceOf(JobError);
  expect(await answers(world, first)).toEqual(before);
  return refused > 0 ? "refused" : "carried through";
}

const ingest = (world: World, { store, datasets }: ReturnType<typeof streamsOf>[number]) =>
  world.ingest(PLATFORM, store.name, {
    dataset: store.capture.consistency === "SINGLE_DATASET" ? datasets[0]?.name : undefined,
  });

const maintain = (world: World) =>
  infrastructure(
    { platform: PLATFORM, merge: addressOf(world.merge), dropUnused: false },
    world.model,
    world.context,
  );

const quoted = (name: string) => `"${name}"`;

/** A source that fits a model: five rows, of which each round changes some, deletes one and brings one back. */
async function fillSource(world: World, { stores }: ModelSpec, round: number): Promise<void> {
  await world.source.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  for (const [dataset, columns] of Object.values(stores).flatMap((store) => Object.entries(store.datasets))) {
    const present = columns.filter(({ retired }) => !retired);
    const value = ({ type, key }: ColumnSpec, index: number) =>
      key || index === 0 ? "n" : `((n * ${round}) % 3 + ${index})::${type}`;
    await world.source.query(
      `CREATE TABLE ${quoted(dataset)} AS SELECT ${present
        .map((each, index) => `(${value(each, index)})::${each.type} AS ${quoted(each.name)}`)
        .join(", ")} FROM generate_series(1, 5) AS n WHERE n <> ${round}`,
    );
  }
}

interface Answer {
  readonly dataset: string;
  readonly batches: readonly (readonly string[])[];
}

/** What consumers can ask about the first two batches: the rows as of each, and the times of the versions. */
async function answers(world: World, { stores, swapped }: ModelSpec): Promise<Answer[]> {
  const all: Answer[] = [];
  if (swapped) return all; // a live platform keeps no history
  for (const [store, { datasets }] of Object.entries(stores)) {
    for (const [dataset, columns] of Object.entries(datasets)) {
      const names = viewNames({
        platform: PLATFORM,
        workspace: "Consumer1",
        group: "ForensicDSG",
        store,
        dataset,
      });
      // As of the first model's types: a wider numeric shows more digits of the same value.
      const values = columns.map(({ name, type }) => `${quoted(name)}::${type}`).join(", ");
      const rows = async (relation: string, more = "") =>
        (
          await world.merge.query<{ row: string }>(
            `SELECT ROW(${values}${more})::text AS row FROM ${relation} ORDER BY 1`,
          )
        ).map(({ row }) => row);
      all.push({
        dataset: `${store}/${dataset}`,
        batches: [
          await rows(`${names.asOf}(1)`),
          await rows(`${names.asOf}(2)`),
          await rows(
            `${names.full} WHERE ds_surf_batch_in <= 2`,
            ", ds_surf_valid_from, CASE WHEN ds_surf_batch_out < 2 THEN ds_surf_valid_to END",
          ),
        ],
      });
    }
  }
  return all;
}
