import { afterAll, beforeAll, expect, it } from "vitest";
import { modelOf, UNGUARDED, World } from "../../../rigs/datasurface/datasurface";
import {
  duckReadsTheTable,
  EVERY_TYPE,
  fillSource,
  latestOf,
  writeLake,
} from "../../../rigs/datasurface/lake";
import { type SingleMinio, startSingleMinio } from "../../../rigs/minio/single";
import { type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

/** More rows than a row group has. */
const ROWS = 30_000;

describeWith(["minio"], "a stream in the lake on MinIO", () => {
  let minio: SingleMinio;
  let server: PostgresServer;
  let world: World;
  beforeAll(async () => {
    minio = await startSingleMinio();
    await minio.makeBucket("lake");
    server = await startPostgres();
    world = await World.open(
      modelOf({ Store1: { datasets: { things: EVERY_TYPE, quiet: EVERY_TYPE }, deletions: UNGUARDED } }),
      server,
    );
  });
  afterAll(async () => {
    await world?.close();
    await server?.stop();
    await minio?.stop();
  });

  it("has the rows of the merge table, as DuckDB reads them", async () => {
    await fillSource(world, ROWS);
    const address = minio.address("lake");
    for (const change of ["SELECT", "DELETE FROM things WHERE id % 5 = 0"]) {
      await world.source.query(change);
      await world.ingest("YellowForensic");
      await writeLake(world, "YellowForensic", address);
      await duckReadsTheTable(world, "YellowForensic", address);
    }
    expect(await latestOf(address, "YellowForensic")).toMatchObject({ batch: 2 });
  });
});
