import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  ageBackup,
  type BackupRig,
  rewriteManifest,
  startBackupRig,
  withStandIn,
} from "../../../rigs/backup/backup-rig";
import { fingerprint, query } from "../../../rigs/backup/sample-database";
import type { ObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { freePort } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

describeWith(["initdb", "pg_dump", "pg_restore", "zstd"], "backups of a real PostgreSQL", () => {
  let rig: BackupRig;
  let original: string[];

  beforeAll(async () => {
    rig = await startBackupRig();
    original = await fingerprint(rig.server, "crm");
  });
  afterAll(() => rig?.stop());

  const succeed = async (store: ObjectStoreStandIn, words: string) => {
    const { error, printed } = await rig.backup(store, words);
    expect(error).toBeUndefined();
    return printed;
  };
  const fail = async (store: ObjectStoreStandIn, words: string, environment: Record<string, string> = {}) => {
    const { error } = await rig.backup(store, words, environment);
    expect(error).toBeDefined();
    return error ?? "";
  };
  const artefactOf = (store: ObjectStoreStandIn) =>
    [...store.objects.keys()].find((key) => key.endsWith("remainder.dump.zst")) ?? "";

  it("brings back every row, large object, sequence, owner, right and setting", () =>
    withStandIn(async (store) => {
      const created = await rig.process(store, "create");
      expect(created, created.stderr).toMatchObject({ exitCode: 0, termination: { code: 0 } });
      expect(await succeed(store, "verify")).toContain("good");
      await succeed(store, "restore --database crm --as crm_again");

      expect(await fingerprint(rig.server, "crm_again")).toEqual(original);
      const identity = `INSERT INTO crm."every Type" DEFAULT VALUES RETURNING id`;
      expect(await query(rig.server, "crm_again", identity)).toEqual([{ id: "3002" }]);
      expect(await rig.databases()).toEqual(["crm", "crm_again", "postgres"]);
      await query(rig.server, "postgres", "DROP DATABASE crm_again");
    }));

  it("drills: restores beside everything, compares with the manifest, and leaves nothing", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const found = JSON.parse((await succeed(store, "drill")).trim());

      expect(found).toMatchObject({ good: true, databases: [{ database: "crm", differences: [] }] });
      expect(found.recoverySeconds).toBeGreaterThan(0);
      expect(found.databases[0].rows).toBe(3_001 + 12_001 + 600 + 900 + 1 + 1 + 10);
      expect(await rig.databases()).toEqual(["crm", "postgres"]);
    }));

  it("never replaces a database that holds something, unless it is told to; then also under open sessions", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      await query(rig.server, "postgres", "CREATE DATABASE taken");
      await query(rig.server, "taken", "CREATE TABLE precious AS SELECT 1 AS one");
      const session = new pg.Client({ connectionString: rig.server.url("taken") });
      session.on("error", () => undefined);
      await session.connect();

      expect(await fail(store, "restore --database crm --as taken")).toMatch(
        /taken .*is not empty .*--force/,
      );
      expect(await query(rig.server, "taken", "SELECT one FROM precious")).toEqual([{ one: 1 }]);

      await succeed(store, "restore --database crm --as taken --force");
      expect(await fingerprint(rig.server, "taken")).toEqual(original);
      expect(await rig.databases()).toEqual(["crm", "postgres", "taken"]);
      await query(rig.server, "postgres", "DROP DATABASE taken");
    }));

  it("finds a changed byte in each part of a backup, and never takes it for good again", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const [name = ""] = artefactOf(store).split("/");
      const keys = [...store.objects.keys()].filter((key) => key.startsWith(`${name}/`));
      expect(keys.filter((key) => key.includes("/rows-")).length).toBeGreaterThan(4);
      for (const [seed, key] of keys.entries()) {
        const whole = store.objects.get(key) ?? Buffer.alloc(0);
        for (const share of [0, ((seed + 1) * 0.618) % 1, 0.99999]) {
          const damaged = Buffer.from(whole);
          const at = Math.floor(share * whole.length);
          damaged.writeUInt8((damaged[at] ?? 0) ^ 0x10, at);
          store.objects.set(key, damaged);
          const found = await fail(store, `verify ${name}`);
          const manifest = key.endsWith("manifest.json");
          expect(found).toMatch(manifest ? /its manifest/ : /is damaged:\n.*sha256 differs/);
          if (!manifest) expect(found).toContain(key);
          expect(await succeed(store, "list")).not.toContain("good");
          store.objects.delete(`${name}/verification.json`);
        }
        store.objects.set(key, whole.subarray(0, -1));
        expect(await succeed(store, "list")).toMatch(/bytes instead of|its manifest/);
        expect(await fail(store, "monitor")).toContain("there is no good backup");
        store.objects.set(key, whole);
      }
      expect(await succeed(store, `verify ${name}`)).toContain("good");
    }));

  it("leaves what a restore would replace when any part of the backup is damaged", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const [name = ""] = artefactOf(store).split("/");
      const keys = [...store.objects.keys()].filter((key) => key.endsWith(".zst"));
      for (const [seed, key] of keys.entries()) {
        const whole = store.objects.get(key) ?? Buffer.alloc(0);
        const damaged = Buffer.from(whole);
        const at = Math.floor((((seed + 1) * 0.618) % 1) * whole.length);
        damaged.writeUInt8((damaged[at] ?? 0) ^ 0x10, at);
        store.objects.set(key, damaged);
        expect(await fail(store, `restore ${name} --force`)).toMatch(`${key} is `);
        store.objects.set(key, whole);
      }
      expect(await fingerprint(rig.server, "crm")).toEqual(original);
      expect(await rig.databases()).toEqual(["crm", "postgres"]);
    }));

  it("gets through a busy server, cut uploads and cut downloads", () =>
    withStandIn(async (store) => {
      store.faults.push("slow-down", "cut-upload", "slow-down");
      await succeed(store, "create");
      store.faults.push("cut-download", "slow-down", "cut-download");
      expect(await succeed(store, "verify")).toContain("good");
      expect(store.faults).toEqual([]);
    }));

  it("prunes by age and says so, keeps the newest good one, and watches over the rest", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const name = artefactOf(store).split("/")[0] ?? "";
      const old = "postgres_20200101_020000";
      ageBackup(store, name, old);
      store.objects.set("postgres_20200102_020000/crm.dump.zst", Buffer.from("of a killed run"));

      expect(await succeed(store, "monitor")).toContain("2 good, 1 unfinished");
      expect(await succeed(store, "prune")).toMatch(/removed 2 backups .*kept 1 backups/);
      expect([...store.objects.keys()].filter((key) => key.startsWith("postgres_2020"))).toEqual([]);
      expect(JSON.parse(await succeed(store, "list --json"))).toMatchObject([{ name, state: "good" }]);
      expect(await succeed(store, "monitor --metrics")).toMatch(/^backup_total_count 1$/m);
    }));

  it("leaves no backup, and no upload, when it is stopped", () =>
    withStandIn(async (store) => {
      let pid: number | undefined;
      store.onRequest = (_, path) => {
        if (path.includes(".zst") && pid !== undefined) process.kill(pid, "SIGTERM");
      };
      const job = await rig.process(store, "create", {
        onStart: (child) => {
          pid = child.pid;
        },
      });
      store.onRequest = () => undefined;

      expect(job).toMatchObject({ exitCode: 143, termination: { code: -1 } });
      expect(await succeed(store, "list")).not.toContain("good");
      expect(store.uploads.size).toBe(0);
    }));

  it.each([
    ["a wrong secret key", { BACKUP_S3_SECRET_ACCESS_KEY: "hunter2" }, /the secret key is wrong/],
    ["an unknown access key", { BACKUP_S3_ACCESS_KEY_ID: "nobody" }, /the access key is not known there/],
    [
      "a missing bucket",
      { BACKUP_S3_BUCKET: "elsewhere" },
      /the bucket elsewhere .* does not exist; create it/,
    ],
    [
      "a wrong password",
      { BACKUP_SERVER_PASSWORD: "hunter2" },
      /cannot be opened: password authentication failed/,
    ],
    [
      "a database that is not there",
      { BACKUP_DATABASES: "crm,cmr" },
      /lacks databases .*\n.*cmr; there are: crm/,
    ],
    ["programs that are not there", { BACKUP_BIN_DIR: "/nowhere" }, /no pg_dump in \/nowhere; install it/],
  ])("says clearly what is wrong with %s, and betrays no secret", (_, environment, message) =>
    withStandIn(async (store) => {
      const { error, printed, logged } = await rig.backup(store, "create", environment);

      expect(error).toMatch(message);
      expect([error, printed, logged, ...store.objects.values()].join()).not.toMatch(/hunter2|strange/);
      expect([...store.objects.keys()].filter((key) => key.startsWith("postgres_"))).toEqual([]);
    }),
  );

  it("says that nobody listens where the object storage should be", () =>
    withStandIn(async (store) => {
      const endpoint = `http://127.0.0.1:${await freePort()}`;
      expect(await fail(store, "list", { BACKUP_S3_ENDPOINT: endpoint })).toMatch(
        /cannot be reached: .*ECONNREFUSED/,
      );
    }));

  it("refuses within seconds to restore what the storage does not hold, and names it", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const lost = artefactOf(store);
      const [name = ""] = lost.split("/");
      store.objects.delete(lost);
      for (const words of [`restore ${name} --database crm --as other`, `drill ${name}`]) {
        const { error, logged } = await rig.backup(store, words);
        expect(error).toMatch(new RegExp(`lacks parts, nothing was restored:\n.*crm: ${lost} is missing`));
        expect(logged).not.toContain("waiting");
      }
      expect(await rig.databases()).toEqual(["crm", "postgres"]);
    }));

  it("refuses to restore where roles are missing, and names them", () =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const [name = ""] = artefactOf(store).split("/");
      rewriteManifest(store, name, (text) => text.replace('"backup_reader"', '"gone_for_good"'));
      expect(await fail(store, "restore --database crm --as other")).toMatch(
        /lacks roles .*gone_for_good.*--without-owners/,
      );
      expect(await rig.databases()).toEqual(["crm", "postgres"]);
    }));
});
