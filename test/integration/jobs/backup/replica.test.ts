import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { fingerprint, query } from "../../../rigs/backup/sample-database";
import type { ObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { type AnsweredMember, startClusterAnswer } from "../../../rigs/patroni/cluster-answer";
import { createAuthority } from "../../../rigs/pki/certificates";
import { type PostgresServer, STREAMING, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

describeWith(
  ["initdb", "pg_basebackup", "pg_dump", "zstd", "openssl"],
  "backups of a primary with a standby",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "trellis-backup-replica-"));
    let rig: BackupRig;
    let standby: PostgresServer;
    let members: AnsweredMember[];
    let answer: Awaited<ReturnType<typeof startClusterAnswer>>;
    let environment: Record<string, string>;

    beforeAll(async () => {
      rig = await startBackupRig(STREAMING);
      await query(rig.server, "postgres", "CREATE DATABASE second");
      await query(rig.server, "second", "CREATE TABLE numbers AS SELECT generate_series(1, 1000) AS n");
      const authority = createAuthority("Patroni of a test");
      writeFileSync(join(folder, "ca.crt"), authority.cert);
      answer = await startClusterAnswer(authority, () => members);
      environment = {
        BACKUP_PATRONI_URL: answer.url,
        BACKUP_PATRONI_CACERT: join(folder, "ca.crt"),
        BACKUP_DATABASES: "crm,second",
      };
    });
    beforeEach(async () => {
      standby = await startPostgres({ release: "debian", settings: STREAMING, standbyOf: rig.server });
      await eventually("a standby that has caught up", 60_000, async () => {
        const behind = "SELECT pg_wal_lsn_diff(sent_lsn, replay_lsn)::int AS bytes FROM pg_stat_replication";
        return (await query<{ bytes: number }>(rig.server, "postgres", behind))[0]?.bytes === 0;
      });
      members = [
        { name: "postgres-0", role: "leader", state: "running", port: rig.server.port },
        { name: "postgres-1", role: "replica", state: "streaming", port: standby.port, lag: 0 },
      ];
      return () => standby.stop();
    });
    afterAll(async () => {
      await answer?.stop();
      await rig?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const serverOf = (store: ObjectStoreStandIn) => {
      const manifests = [...store.objects].filter(([key]) => key.endsWith("manifest.json"));
      expect(manifests).toHaveLength(1);
      return JSON.parse(String(manifests[0]?.[1])).server;
    };

    it("are made from the standby, restore to what the primary holds, and pass the drill", () =>
      withStandIn(async (store) => {
        const made = await rig.backup(store, "create", environment);
        expect(made.error).toBeUndefined();
        expect(made.logged).toContain("dumping from postgres-1, a replica that is 0 bytes behind");
        expect(serverOf(store)).toMatchObject({ address: `127.0.0.1:${standby.port}`, replica: true });

        expect(await rig.backup(store, "restore --database crm --as again")).toMatchObject({
          error: undefined,
        });
        const logged = (line: string) => !line.startsWith("staged:"); // an unlogged table is empty on a standby
        const [restored, original] = await Promise.all(
          ["again", "crm"].map((name) => fingerprint(rig.server, name)),
        );
        expect(restored?.filter(logged)).toEqual(original?.filter(logged));
        await query(rig.server, "postgres", "DROP DATABASE again");
        expect(await rig.backup(store, "drill")).toMatchObject({ error: undefined });
      }));

    it("go on with the primary when the standby goes away in the middle, and say so", () =>
      withStandIn(async (store) => {
        let stopping: Promise<void> | undefined;
        store.onRequest = (method, path) => {
          if (method === "PUT" && path.includes("/crm/")) stopping ??= standby.stop();
        };
        const made = await rig.backup(store, "create", environment);
        await stopping;

        expect(made.error).toBeUndefined();
        expect(made.logged).toMatch(/postgres-1, .* failed, going on with the leader at 127\.0\.0\.1/);
        expect(serverOf(store)).toMatchObject({ address: `127.0.0.1:${rig.server.port}`, replica: false });
        expect(await rig.backup(store, "verify")).toMatchObject({ error: undefined });
      }));

    it("are made from the primary where no replica streams, or nobody tells of any", () =>
      withStandIn(async (store) => {
        members = members.map((each) => ({
          ...each,
          state: each.role === "leader" ? "running" : "starting",
        }));
        expect((await rig.backup(store, "create", environment)).logged).toContain(
          "no replica streams: the leader is dumped",
        );
        expect(serverOf(store)).toMatchObject({ replica: false });
        store.objects.clear();

        const away = { ...environment, BACKUP_PATRONI_URL: "https://127.0.0.1:9" };
        const made = await rig.backup(store, "create", away);
        expect(made.error).toBeUndefined();
        expect(made.logged).toMatch(/the members are not known, so the leader is dumped: .*ECONNREFUSED/);
        expect(serverOf(store)).toMatchObject({ replica: false });
      }));
  },
);
