import { afterAll, beforeAll, expect, it } from "vitest";
import { type MinioCluster, startMinio } from "../../support/minio";
import { describeWith } from "../../support/programs";
import { type BackupRig, startBackupRig } from "../backup/backup-rig";
import { fingerprint, query } from "../backup/sample-database";

/** Beyond one part of an upload, and not compressible. */
const BULK = `
  CREATE TABLE bulk AS SELECT n, decode(repeat(md5(random()::text), 4) || md5(n::text), 'hex') AS noise,
    (SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, 16) i) AS letters
  FROM generate_series(1, 100000) n`;

describeWith(["minio", "initdb", "pg_dump", "zstd"], "backups on four MinIO servers", () => {
  let minio: MinioCluster;
  let rig: BackupRig;
  let original: string[];

  beforeAll(async () => {
    [minio, rig] = await Promise.all([startMinio(), startBackupRig()]);
    await query(rig.server, "crm", BULK);
    original = await fingerprint(rig.server, "crm");
  });
  afterAll(async () => {
    await minio?.stop();
    await rig?.stop();
  });

  it("are created, verified and restored, row for row", async () => {
    expect(await rig.backup(minio, "create")).toMatchObject({ error: undefined });
    expect(await rig.backup(minio, "verify")).toMatchObject({ error: undefined });
    expect(await rig.backup(minio, "restore --database crm --as again")).toMatchObject({ error: undefined });
    expect(await fingerprint(rig.server, "again")).toEqual(original);
    expect(await rig.backup(minio, "prune")).toMatchObject({ error: undefined });
  });

  it.each([
    ["a wrong secret key", { BACKUP_S3_SECRET_ACCESS_KEY: "hunter2" }, /the secret key is wrong/],
    ["an unknown access key", { BACKUP_S3_ACCESS_KEY_ID: "nobody" }, /the access key is not known there/],
    ["a missing bucket", { BACKUP_S3_BUCKET: "elsewhere" }, /does not exist; create it/],
  ])("are refused clearly for %s", async (_, environment, message) => {
    expect((await rig.backup(minio, "create", environment)).error).toMatch(message);
  });

  it("go on with one server down, are read with two, and nothing is lost when they return", async () => {
    await minio.kill(3);
    expect(await rig.backup(minio, "create")).toMatchObject({ error: undefined });
    await minio.kill(2);
    const restored = await rig.backup(minio, "restore --database crm --as again --force");
    expect(restored).toMatchObject({ error: undefined });
    expect(await fingerprint(rig.server, "again")).toEqual(original);

    expect((await rig.backup(minio, "create")).error).toMatch(/takes no writes: too few of its drives/);

    minio.restart(2);
    minio.restart(3);
    await minio.ready();
    const listed = await rig.backup(minio, "list --json");
    expect(
      JSON.parse(listed.printed).filter(({ state }: { state: string }) => state === "good"),
    ).toHaveLength(2);
    expect(await rig.backup(minio, "verify")).toMatchObject({ error: undefined });
  });
});
