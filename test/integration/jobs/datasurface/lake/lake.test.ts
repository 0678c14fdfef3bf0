import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ObjectStore, type ObjectStoreAddress } from "../../../../../jobs/shared";
import { modelOf, UNGUARDED, World } from "../../../../rigs/datasurface/datasurface";
import {
  duckReadsTheTable,
  EVERY_TYPE,
  fillSource,
  latestOf,
  writeLake,
} from "../../../../rigs/datasurface/lake";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../../../../rigs/minio/object-store";

const MODEL = modelOf({
  Store1: { datasets: { things: EVERY_TYPE, quiet: EVERY_TYPE }, deletions: UNGUARDED },
});

describe("a stream in the lake", () => {
  let store: ObjectStoreStandIn;
  let address: ObjectStoreAddress;
  let world: World;
  beforeAll(async () => {
    store = await startObjectStoreStandIn("lake");
    const given = store.environment("LAKE");
    address = {
      endpoint: store.endpoint,
      region: given.LAKE_REGION ?? "",
      bucket: store.bucket,
      accessKey: given.LAKE_ACCESS_KEY_ID ?? "",
      secretKey: given.LAKE_SECRET_ACCESS_KEY ?? "",
    };
    world = await World.open(MODEL);
    await fillSource(world, 500);
  });
  afterAll(async () => {
    await world.close();
    await store.stop();
  });

  const files = async () => (await new ObjectStore(address).list("")).map(({ key }) => key);

  it("has nothing before the first batch", async () => {
    expect(await writeLake(world, "YellowLive", address)).toBe("done");
    expect(await files()).toEqual([]);
  });

  it("has the rows and versions of each batch, as DuckDB reads them", async () => {
    for (const change of [
      "SELECT",
      "DELETE FROM things WHERE id % 5 = 0; UPDATE things SET c6 = 1.25, c11 = '\\x01' WHERE id % 7 = 0",
      "TRUNCATE things",
    ]) {
      await world.source.query(change);
      for (const platform of ["YellowLive", "YellowForensic"] as const) {
        await world.ingest(platform);
        await writeLake(world, platform, address);
        await duckReadsTheTable(world, platform, address);
      }
    }
    const manifest = await latestOf(address, "YellowForensic");
    expect(manifest).toMatchObject({ batch: 3, versions: true });
    // The rows that did not change are in the files of the first batch.
    expect(manifest?.datasets.quiet?.files[0]?.key).toContain("batch=1/");
  });

  it("writes a batch once", async () => {
    const before = await files();
    await writeLake(world, "YellowForensic", address);
    expect(await files()).toEqual(before);
  });

  it("keeps as many batches as asked, and their files", async () => {
    await writeLake(world, "YellowForensic", address, { keep: 1 });
    const left = (await files()).filter((key) => key.startsWith("yellowforensic/"));
    const manifest = await latestOf(address, "YellowForensic");
    const named = Object.values(manifest?.datasets ?? {}).flatMap((each) => each.files.map(({ key }) => key));
    const own = ["yellowforensic/store1/latest.json", "yellowforensic/store1/manifests/0000000003.json"];
    expect(left.sort()).toEqual([...named, ...own].sort());
    await duckReadsTheTable(world, "YellowForensic", address);
  });

  it("shows the batch before in whole until the next one is whole, wherever the run ends", async () => {
    let ended = false;
    for (let request = 1; !ended; request += 2) {
      await world.source.query("INSERT INTO things (id) SELECT coalesce(max(id), 0) + 1 FROM things");
      const before = await latestOf(address, "YellowLive");
      const rows = before?.datasets.things?.rows;
      await world.ingest("YellowLive");
      const stop = new AbortController();
      let seen = 0;
      store.onRequest = () => {
        if (++seen === request) stop.abort(new Error("killed"));
      };
      ended = await writeLake(world, "YellowLive", address, { signal: stop.signal }).then(
        () => seen < request,
        () => false,
      );
      store.onRequest = () => undefined;
      const after = await latestOf(address, "YellowLive");
      expect([rows, (rows ?? 0) + 1]).toContain(after?.datasets.things?.rows);
      const there = new Set(await files());
      for (const { files: named } of Object.values(after?.datasets ?? {}))
        for (const { key } of named) expect(there).toContain(key);
      await writeLake(world, "YellowLive", address);
      await duckReadsTheTable(world, "YellowLive", address);
    }
    const named = new Set<string>();
    for (const key of (await files()).filter((each) => each.startsWith("yellowlive/store1/manifests/"))) {
      const text = await new ObjectStore(address).readText(key);
      for (const [, file] of text?.matchAll(/"key": "([^"]+)"/g) ?? []) named.add(file ?? "");
    }
    expect((await files()).filter((key) => key.startsWith("yellowlive/store1/data/")).sort()).toEqual(
      [...named].sort(),
    );
  });

  it("names the column with a value that Parquet does not have, and leaves the batch before", async () => {
    const before = await latestOf(address, "YellowLive");
    await world.source.query("INSERT INTO things (id, c13) VALUES (900, 'infinity')");
    await world.ingest("YellowLive");
    await expect(writeLake(world, "YellowLive", address)).rejects.toThrow(
      /things: column c13 has a value that date/,
    );
    expect(await latestOf(address, "YellowLive")).toEqual(before);
  });
});
