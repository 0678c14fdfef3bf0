import { expect } from "vitest";
import { loadModel, type Model } from "../../../jobs/datasurface/model";
import { simulate } from "../../../jobs/datasurface/simulate";
import type { PostgresServer, TestDatabase } from "../postgres/postgres";
import { addressOf, type PlatformName, World } from "./datasurface";

const PLATFORMS: readonly PlatformName[] = ["YellowLive", "YellowForensic"];

/** The acceptance model, with every batch kept in staging, so that each can be looked at afterwards. */
export function acceptanceModel(): Model {
  const model = loadModel("examples/model");
  const platforms = model.ecosystem.platforms.map((platform) => ({
    ...platform,
    stagingBatchesToKeep: 100_000,
  }));
  return { ...model, ecosystem: { ...model.ecosystem, platforms } };
}

export const simulateOn = (
  world: Pick<World, "context">,
  source: TestDatabase,
  rest: { maxChanges: number; rate?: number; seed?: number },
) =>
  simulate(
    {
      source: addressOf(source),
      minInterval: 1,
      maxInterval: 1,
      rate: 1_000_000,
      seed: undefined,
      verbose: false,
      createTables: true,
      ...rest,
    },
    world.context,
  );

/** Lets the simulator make its changes at a rate while both platforms ingest, and judges what they hold at rest. */
export async function followsTheSimulator(
  server: Pick<PostgresServer, "url" | "port">,
  changes: number,
  rate: number,
): Promise<void> {
  const world = await World.open(acceptanceModel(), server);
  try {
    await simulateOn(world, world.source, { maxChanges: 1, seed: 1 });
    let running = true;
    const simulation = simulateOn(world, world.source, { maxChanges: changes, rate, seed: 2 }).finally(() => {
      running = false;
    });
    const ingestion = PLATFORMS.map(async (platform) => {
      while (running) await world.ingest(platform);
    });
    await Promise.all([simulation, ...ingestion]);
    for (const platform of PLATFORMS) await world.ingest(platform);
    await world.makeViews();
    for (const dataset of ["customers", "addresses"]) await equalsTheSource(world, dataset);
    await everyBatchIsOneMoment(world);
  } finally {
    await world.close();
  }
}

async function equalsTheSource(world: World, dataset: string): Promise<void> {
  const rows = (database: TestDatabase, relation: string) =>
    database.query(`SELECT * FROM ${relation} ORDER BY id`);
  const source = await rows(world.source, dataset);
  expect(source.length).toBeGreaterThan(1);
  const live = world.viewNames("YellowLive", "Store1", dataset);
  const forensic = world.viewNames("YellowForensic", "Store1", dataset);
  expect(await rows(world.merge, live.live)).toEqual(source);
  expect(await rows(world.merge, forensic.live)).toEqual(source);

  const batches = (await world.metrics("YellowForensic")).map((batch) => batch.batch_id);
  expect(batches.length).toBeGreaterThan(2);
  // The first batch went straight into the merge table. A later one is still in staging, as it was read, unless its rows
  // were those of the batch before.
  const staging = `yellowforensic_store1_${dataset}_staging`;
  const staged = await world.merge.query<{ batch: number }>(
    `SELECT DISTINCT ds_surf_batch_id::int AS batch FROM ${staging}`,
  );
  const replayed = (batch: number | undefined) =>
    `SELECT to_jsonb(v) AS row FROM ${forensic.asOf}(${batch}) AS v`;
  for (const [index, batch] of batches.entries()) {
    if (index === 0) continue;
    const expected = staged.some((one) => one.batch === batch)
      ? `SELECT to_jsonb(s) - 'ds_surf_batch_id' AS row FROM ${staging} AS s WHERE ds_surf_batch_id = ${batch}`
      : replayed(batches[index - 1]);
    const [differing] = await world.merge.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM (${expected}) AS expected FULL JOIN (${replayed(batch)}) AS replayed USING (row)
       WHERE expected.row IS NULL OR replayed.row IS NULL`,
    );
    expect({ batch, ...differing }).toEqual({ batch, rows: 0 });
  }
  expect(staged.length).toBeGreaterThan(2);
}

/** In the source a customer's addresses are there before the customer refers to them, and until it no longer does. */
async function everyBatchIsOneMoment(world: World): Promise<void> {
  const customers = world.viewNames("YellowForensic", "Store1", "customers").asOf;
  const addresses = world.viewNames("YellowForensic", "Store1", "addresses").asOf;
  for (const { batch_id } of await world.metrics("YellowForensic")) {
    const dangling = await world.merge.query(
      `SELECT c.id FROM ${customers}(${batch_id}) AS c WHERE EXISTS (
         SELECT FROM unnest(ARRAY[c.primaryaddressid, c.billingaddressid]) AS wanted
         WHERE wanted IS NOT NULL AND wanted NOT IN (SELECT id FROM ${addresses}(${batch_id})))`,
    );
    expect(dangling).toEqual([]);
  }
}
