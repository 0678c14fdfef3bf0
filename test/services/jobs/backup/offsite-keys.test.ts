import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ObjectStore, type ObjectStoreAddress } from "../../../../jobs/shared";
import { OFFSITE_POLICIES } from "../../../../jobs/storage/policies";
import { ageBackup, type BackupRig, startBackupRig } from "../../../rigs/backup/backup-rig";
import { type ObjectStoreStandIn, startObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { type SingleMinio, startSingleMinio } from "../../../rigs/minio/single";
import { describeWith } from "../../../rigs/programs";

const OLD = "postgres_20200101_020000";

describeWith(["minio", "initdb", "pg_dump", "zstd"], "the keys of copies of dumps, at a real MinIO", () => {
  let rig: BackupRig;
  let store: ObjectStoreStandIn;
  let offsite: SingleMinio;
  let name: string;
  let recipient: string;

  beforeAll(async () => {
    [rig, store, offsite] = await Promise.all([
      startBackupRig(),
      startObjectStoreStandIn(),
      startSingleMinio(),
    ]);
    recipient = await identityToRecipient(await generateIdentity());
    expect(await rig.backup(store, "create")).toMatchObject({ error: undefined });
    name = [...store.objects.keys()].find((key) => key.startsWith("postgres_"))?.split("/")[0] ?? "";
    const whole = new Map(store.objects);
    ageBackup(store, name, OLD);
    for (const [key, content] of whole) store.objects.set(key, content);
  });
  afterAll(async () => {
    await rig?.stop();
    await store?.stop();
    await offsite?.stop();
  });

  const inBucket = async <T>(address: ObjectStoreAddress, work: (store: ObjectStore) => Promise<T>) => {
    const opened = new ObjectStore(address, AbortSignal.timeout(60_000));
    return await work(opened).finally(() => opened.close());
  };
  const keyFor = (may: keyof typeof OFFSITE_POLICIES, bucket: string) =>
    offsite.user(`${may}-${bucket}`, OFFSITE_POLICIES[may](bucket));
  const versionsIn = (bucket: string) =>
    inBucket(offsite.address(bucket), async (opened) => {
      const found = [];
      for await (const each of opened.versions("")) found.push(each);
      return found;
    });
  /** Copies the old backup and the new one with a key that only writes. */
  async function copyBoth(bucket: string) {
    const environment = {
      ...offsite.environment("BACKUP_OFFSITE", offsite.address(bucket, await keyFor("write", bucket))),
      BACKUP_OFFSITE_RECIPIENT: recipient,
      BACKUP_KEEP_OLD: "true",
    };
    for (const each of [OLD, name])
      expect(await rig.backup(store, `copy ${each}`, environment)).toMatchObject({ error: undefined });
  }
  const pruneBy = async (may: keyof typeof OFFSITE_POLICIES, bucket: string) =>
    rig.backup(
      store,
      "prune-copies",
      offsite.environment("BACKUP_OFFSITE", offsite.address(bucket, await keyFor(may, bucket))),
    );

  it("copies with a key that cannot delete, and prunes with another, all versions included", async () => {
    await offsite.makeBucket("free", { versioning: true });
    await copyBoth("free");
    const before = await versionsIn("free");
    expect(before.some(({ key }) => key.startsWith(OLD))).toBe(true);

    const refused = await pruneBy("write", "free");
    expect(refused.printed).toContain(`the store still locks ${OLD}`);
    expect(await versionsIn("free")).toEqual(before);

    const pruned = await pruneBy("prune", "free");
    expect(pruned).toMatchObject({ error: undefined });
    expect(pruned.printed).toContain(`removed 1 backups (${OLD})`);
    const after = await versionsIn("free");
    expect(after.length).toBeGreaterThan(3);
    for (const { key, deleted } of after) expect([key.startsWith(name), deleted]).toEqual([true, false]);
  });

  it("loses no byte of a locked copy to a thief of either key, nor to root", async () => {
    await offsite.makeBucket("locked", { lockDays: 1 });
    await copyBoth("locked");
    const before = await versionsIn("locked");
    const pruned = await pruneBy("prune", "locked");
    expect(pruned.printed).toContain(`the store still locks ${OLD}`);
    for (const keys of [await keyFor("write", "locked"), await keyFor("prune", "locked"), undefined]) {
      for (const { key, version } of before) {
        const address = offsite.address("locked", keys);
        await expect(inBucket(address, (opened) => opened.removeVersion(key, version))).rejects.toThrow();
        await inBucket(address, (opened) => opened.write(key, "rubbish")).catch(() => undefined);
      }
    }
    const after = await versionsIn("locked");
    for (const { key, version, etag } of before)
      expect(after.find((each) => each.key === key && each.version === version)?.etag).toBe(etag);
  });
});
