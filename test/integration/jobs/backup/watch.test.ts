import { afterAll, beforeAll, expect, it } from "vitest";
import { type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { startObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { describeWith } from "../../../rigs/programs";

describeWith(["initdb", "pg_dump", "pg_restore", "zstd"], "what is around the backups", () => {
  let rig: BackupRig;
  beforeAll(async () => {
    rig = await startBackupRig();
  });
  afterAll(() => rig?.stop());

  it("copies the newest to another bucket, checked on both sides, once, and never a damaged one", () =>
    withStandIn(async (store) => {
      const offsite = await startObjectStoreStandIn("elsewhere");
      const environment = { ...offsite.environment("BACKUP_OFFSITE"), BACKUP_OFFSITE_PREFIX: "prod/" };
      const copy = () => rig.backup(store, "copy", environment);
      try {
        await rig.backup(store, "create");
        const [key = "", content = Buffer.alloc(0)] =
          [...store.objects].find(([each]) => each.endsWith("remainder.dump.zst")) ?? [];

        store.objects.set(key, Buffer.from(content).fill(0, 100, 101));
        expect((await copy()).error).toMatch(/remainder\.dump\.zst .*is not what was stored/);
        expect(offsite.objects.has(`prod/${key}`)).toBe(false);
        expect([...offsite.objects.keys()].filter((each) => each.endsWith("manifest.json"))).toEqual([]);

        store.objects.set(key, content);
        expect(await copy()).toMatchObject({ error: undefined, printed: expect.stringContaining("copied") });
        expect(offsite.objects.get(`prod/${key}`)?.equals(content)).toBe(true);
        expect((await copy()).printed).toContain("is there already");

        const there = { ...offsite.environment("BACKUP_S3"), BACKUP_S3_PREFIX: "prod/" };
        expect((await rig.backup(store, "list", there)).printed).toMatch(/^postgres_\S+ .* good +crm$/);
        expect(await rig.backup(store, "restore --database crm --as again", there)).toMatchObject({
          error: undefined,
        });
      } finally {
        await offsite.stop();
      }
    }));

  it("leaves a report and a summary of every run, also of one that fails", () =>
    withStandIn(async (store) => {
      for (const verb of ["verify", "copy", "drill", "restore"]) {
        expect((await rig.backup(store, verb, store.environment("BACKUP_OFFSITE"))).error).toBeDefined();
      }
      await rig.backup(store, "prune");
      await rig.backup(store, "create");

      const endings = Object.fromEntries(
        [...store.objects]
          .filter(([key]) => key.startsWith("reports/") && key.endsWith(".json"))
          .map(([key, content]) => {
            const [[root, report] = []] = Object.entries<{ status: string }>(JSON.parse(String(content)));
            expect(key).toContain(`reports/${root}_`);
            return [root, report?.status];
          }),
      );
      expect(endings).toEqual({
        ...{ verify_report: "FAILED", copy_report: "FAILED", drill_report: "FAILED" },
        ...{ restore_report: "FAILED", prune_report: "SUCCESS", backup_report: "SUCCESS" },
      });
      const summaries = [...store.objects].filter(([key]) => key.endsWith(".txt"));
      expect(summaries).toHaveLength(6);
      expect(String(summaries.find(([key]) => key.includes("/drill_"))?.[1])).toContain(
        "It failed: the bucket crm-backups holds no good backup",
      );
    }));

  it("tells Prometheus of what is in the bucket, and that it cannot be read while it cannot", () =>
    withStandIn(async (store) => {
      await rig.backup(store, "create");
      await rig.backup(store, "verify");
      await rig.backup(store, "drill");
      const scrape = async (port: string) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const said: string[] = [];
      const ended = await rig.process(store, "serve-metrics", {
        environment: { BACKUP_HOST: "127.0.0.1", BACKUP_PORT: "0", BACKUP_REFRESH_SECONDS: "0" },
        onError: (child, printed) => {
          const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
          if (!port || said.length > 0) return;
          said.push("asked");
          void (async () => {
            try {
              said.push(await scrape(port));
              store.objects.clear();
              said.push(await scrape(port));
              await store.stop();
              said.push(await scrape(port));
              said.push(await (await fetch(`http://127.0.0.1:${port}/health`)).text());
            } finally {
              child.kill("SIGTERM");
            }
          })();
        },
      });

      expect(ended.exitCode, ended.stderr).toBe(0);
      const [, whole, empty, away, health] = said;
      expect(whole).toMatch(/^backup_store_up 1$/m);
      expect(whole).toMatch(/^backup_total_count 1$/m);
      expect(whole).toMatch(/^backup_last_verification_good 1$/m);
      expect(whole).toMatch(/^backup_run_good\{verb="drill"\} 1$/m);
      expect(empty).toMatch(/^backup_total_count 0$/m);
      expect(empty).not.toContain("backup_last_success_timestamp");
      expect(away).toMatch(/^backup_store_up 0$/m);
      expect(away).not.toContain("backup_total_count");
      expect(health).toContain("ok");
    }));
});
