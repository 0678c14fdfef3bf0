import { afterAll, beforeAll, expect, it } from "vitest";
import { type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { query } from "../../../rigs/backup/sample-database";
import { PASSWORD, type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

describeWith(
  ["initdb", "pg_dump", "pg_restore", "zstd", "unshare", "setpriv"],
  "a server whose disk is full",
  () => {
    let rig: BackupRig;
    let small: PostgresServer;

    beforeAll(async () => {
      // Three databases of a new server and the empty one of the restore take about 30 MiB, and the sample as much again.
      [rig, small] = await Promise.all([startBackupRig(), startPostgres({ release: "debian", diskMib: 36 })]);
      await query(
        rig.server,
        "crm",
        "CREATE TABLE bulk AS SELECT repeat(md5(n::text), 40) FROM generate_series(1, 20000) n",
      );
    });
    afterAll(async () => {
      await rig?.stop();
      await small?.stop();
    });

    it("keeps what it has when a restore does not fit, and the restore says what is full and what to do", () =>
      withStandIn(async (store) => {
        expect(await rig.backup(store, "create")).toMatchObject({ error: undefined });
        await query(small, "postgres", "CREATE DATABASE crm");
        await query(small, "crm", "CREATE TABLE precious AS SELECT 1 AS one");
        await query(small, "postgres", "CHECKPOINT"); // what a new database is made of takes its room only now

        const restored = await rig.process(store, "restore --force --without-owners", {
          environment: { BACKUP_SERVER_PORT: String(small.port), BACKUP_SERVER_PASSWORD: PASSWORD },
        });
        expect(restored.exitCode).toBe(1);
        expect(restored.termination?.error).toMatch(/No space left on device[\s\S]*a disk is full.*add room/);
        expect(await query(small, "crm", "SELECT one FROM precious")).toEqual([{ one: 1 }]);
        const left = await query(
          small,
          "postgres",
          "SELECT datname FROM pg_database WHERE datname ~ 'trellis'",
        );
        expect(left, restored.stderr).toEqual([]);
      }));
  },
);
