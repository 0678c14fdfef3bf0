import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ObjectStore, objectStore, readSettings } from "../../../../jobs/shared";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../../../rigs/minio/object-store";

const MIB = 2 ** 20;

describe("the object storage client", () => {
  let standIn: ObjectStoreStandIn;
  let store: ObjectStore;

  beforeEach(async () => {
    standIn = await startObjectStoreStandIn();
    const { value } = readSettings(
      { store: objectStore("S3", "the test's bucket") },
      { arguments: [], flags: {}, environment: standIn.environment("S3") },
    );
    if (!value) throw new Error("the stand-in's own settings are refused");
    store = new ObjectStore(value.store);
  });
  afterEach(async () => {
    store.close();
    await standIn.stop();
  });

  async function* pieces(content: Buffer, failAt = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
    for (let at = 0; at < content.length; at += 700_001) {
      if (at >= failAt) throw new Error("the source broke");
      yield content.subarray(at, at + 700_001);
    }
  }

  it.each([0, 1, 16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 50 * MIB])(
    "uploads %i bytes and reads back the same",
    async (size) => {
      const content = randomBytes(size);
      await store.upload("a/b c+d(1)'ü.bin", pieces(content));

      const read: Buffer[] = [];
      for await (const chunk of store.read("a/b c+d(1)'ü.bin")) read.push(chunk);
      expect(Buffer.concat(read).equals(content)).toBe(true);
      expect(standIn.uploads.size).toBe(0);
    },
  );

  it("lists all pages, with keys as they were given", async () => {
    const keys = ["p/a b", "p/a+b", "p/ä&<>", "p/z", "p/%20", "p/1", "p/2", "q/other"];
    for (const key of keys) await store.write(key, key);

    const listed = await store.list("p/");
    expect(listed.map(({ key }) => key).sort()).toEqual(keys.slice(0, -1).sort());
    for (const key of keys) expect(await store.readText(key)).toBe(key);
  });

  it("keeps to its own prefix of a bucket that others use too", async () => {
    const { value } = readSettings(
      { store: objectStore("S3", "the test's bucket") },
      { arguments: [], flags: {}, environment: { ...standIn.environment("S3"), S3_PREFIX: "prod/" } },
    );
    if (!value) throw new Error("the stand-in's own settings are refused");
    const own = new ObjectStore(value.store);
    await store.write("mine", "other");
    await own.write("mine", "own");
    await own.upload("large", pieces(randomBytes(40 * MIB)));

    expect([...standIn.objects.keys()].sort()).toEqual(["mine", "prod/large", "prod/mine"]);
    expect((await own.list("")).map(({ key }) => key)).toEqual(["large", "mine"]);
    expect(await own.readText("mine")).toBe("own");
    await own.remove("mine");
    expect(await store.readText("mine")).toBe("other");
    own.close();
  });

  it.each([100, 20 * MIB, 45 * MIB])(
    "leaves nothing of a source that breaks after %i bytes",
    async (failAt) => {
      await expect(store.upload("half", pieces(randomBytes(60 * MIB), failAt))).rejects.toThrow(
        "the source broke",
      );

      expect([...standIn.objects.keys()]).toEqual([]);
      expect(standIn.uploads.size).toBe(0);
    },
  );

  it("takes an answer of 200 with an error inside for the failure that it is", async () => {
    standIn.faults.push("fail-completion");
    await expect(store.upload("late", pieces(randomBytes(20 * MIB)))).rejects.toThrow("InternalError");

    expect([...standIn.objects.keys()]).toEqual([]);
    expect(standIn.uploads.size).toBe(0);
  });

  it("goes on where a download was cut, without repeating or losing a byte", async () => {
    const content = randomBytes(9 * MIB);
    await store.write("long", content);
    standIn.faults.push("cut-download", "slow-down", "cut-download", "cut-download");

    const hash = createHash("sha256");
    for await (const chunk of store.read("long")) hash.update(chunk);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(content).digest("hex"));
    expect(standIn.faults).toEqual([]);
  });

  it("ends within its patience where the storage says nothing at all, and says so", async () => {
    await store.write("long", randomBytes(9 * MIB));
    const hurried = new ObjectStore(store.address, undefined, { ms: 100, onWait: () => undefined });
    standIn.faults.push("halt-download");
    const download = hurried.read("long");
    await download.next();
    standIn.faults.push("silence", "silence", "silence", "silence");
    const rest = async (content: AsyncIterable<Buffer>) => {
      for await (const _ of content);
    };

    const ends = await Promise.allSettled([
      rest(download),
      rest(hurried.read("long")),
      hurried.upload("new", pieces(randomBytes(MIB))),
      hurried.list(""),
      hurried.remove("long"),
    ]);

    expect(ends.map((end) => end.status === "rejected" && String(end.reason))).toEqual([
      expect.stringMatching(/cannot be reached: nothing came for 5 s; too few of its servers/),
      ...Array(4).fill(expect.stringMatching(/cannot be reached: no answer for 5 s; too few of its servers/)),
    ]);
    expect(standIn.faults).toEqual([]);
    hurried.close();
  }, 60_000);

  it("aborts dead uploads and no others", async () => {
    standIn.uploads.set("old", { key: "postgres_x/a", initiated: new Date("2020-01-01"), parts: new Map() });
    standIn.uploads.set("new", { key: "postgres_x/b", initiated: new Date(), parts: new Map() });

    expect(await store.abortUploads("postgres_", new Date(Date.now() - 60_000))).toBe(1);
    expect([...standIn.uploads.keys()]).toEqual(["new"]);
  });
});
