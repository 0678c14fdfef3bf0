import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { fingerprint, query } from "../../../rigs/backup/sample-database";
import { startObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { describeWith, findProgram, program } from "../../../rigs/programs";

describeWith(["initdb", "pg_dump", "pg_restore", "zstd"], "what is around the backups", () => {
  let rig: BackupRig;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-key-"));
    rig = await startBackupRig();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    return rig?.stop();
  });

  it("copies the newest to another bucket, encrypted, checked on both sides, once, and never a damaged one", () =>
    withStandIn(async (store) => {
      const offsite = await startObjectStoreStandIn("elsewhere");
      const identity = await generateX25519Identity();
      const environment = {
        ...offsite.environment("BACKUP_OFFSITE"),
        BACKUP_OFFSITE_PREFIX: "prod/",
        BACKUP_OFFSITE_RECIPIENT: await identityToRecipient(identity),
      };
      const copy = () => rig.backup(store, "copy", environment);
      try {
        await rig.backup(store, "create");
        const [key = "", content = Buffer.alloc(0)] =
          [...store.objects].find(([each]) => each.endsWith("remainder.dump.zst")) ?? [];

        store.objects.set(key, Buffer.from(content).fill(0, 100, 101));
        expect((await copy()).error).toMatch(/remainder\.dump\.zst .*is not what was stored/);
        expect([...offsite.objects.keys()].filter((each) => each.includes("remainder"))).toEqual([]);
        expect([...offsite.objects.keys()].filter((each) => each.endsWith("manifest.json"))).toEqual([]);

        store.objects.set(key, content);
        expect(await copy()).toMatchObject({ error: undefined, printed: expect.stringContaining("copied") });
        expect((await copy()).printed).toContain("is there already");
        expect([...offsite.objects.keys()].filter((each) => each.endsWith(".zst"))).toEqual([]);
        // Each object is a file of age, but what names, sizes and sums alone are in; age's own program reads it.
        const clear = [...offsite.objects].filter(
          ([, each]) => !String(each).startsWith("age-encryption.org/v1"),
        );
        expect(clear.map(([each]) => each.split("/").at(-1)).sort()).toEqual([
          "manifest.json",
          "verification.json",
        ]);
        expect(clear.map(String).join()).not.toMatch(/every Type|backup_owner|"tables"|127\.0\.0\.1/);
        if (findProgram("age")) {
          const file = join(folder, "identity");
          writeFileSync(file, identity);
          const sealed = offsite.objects.get(`prod/${key}.age`);
          expect(execFileSync(program("age"), ["-d", "-i", file], { input: sealed }).equals(content)).toBe(
            true,
          );
        }

        const there = { ...offsite.environment("BACKUP_S3"), BACKUP_S3_PREFIX: "prod/" };
        const opened = { ...there, BACKUP_S3_IDENTITY: identity };
        const list = async (given: Record<string, string>) =>
          (await rig.backup(store, "list", given)).printed;
        expect(await list(opened)).toMatch(/^postgres_\S+ .* good +crm$/);
        expect(await list(there)).toMatch(/^postgres_\S+ .* good, encrypted +$/);
        expect((await rig.backup(store, "monitor", there)).error ?? "").not.toMatch(/no good backup/);
        expect((await rig.backup(store, "prune", there)).printed).toContain("kept 1 backups");

        for (const verb of ["verify", "drill"]) {
          expect(await rig.backup(store, verb, opened)).toMatchObject({ error: undefined });
        }
        expect(await rig.backup(store, "restore --database crm --as again", opened)).toMatchObject({
          error: undefined,
        });
        expect(await fingerprint(rig.server, "again")).toEqual(await fingerprint(rig.server, "crm"));
        await query(rig.server, "postgres", "DROP DATABASE again");

        const name = /postgres_\d+_\d+/.exec(key)?.[0] ?? "";
        const restore = (given: Record<string, string>) =>
          rig.backup(store, `restore ${name} --database crm --as again`, given);
        expect((await restore(there)).error).toMatch(/is encrypted: give its key in BACKUP_S3_IDENTITY/);
        const another = await generateX25519Identity();
        expect((await restore({ ...there, BACKUP_S3_IDENTITY: another })).error).toMatch(
          /encrypted for another key/,
        );

        const sealed = offsite.objects.get(`prod/${key}.age`) ?? Buffer.alloc(0);
        for (const place of [100, 300, sealed.length - 1]) {
          const tampered = Buffer.from(sealed);
          tampered[place] = (tampered[place] ?? 0) ^ 1;
          offsite.objects.set(`prod/${key}.age`, tampered);
          expect((await restore(opened)).error).toMatch(
            /is damaged: it was changed or cut|or its header was changed/,
          );
          expect((await rig.backup(store, `verify ${name}`, opened)).error).toMatch(
            /is damaged|or its header was changed/,
          );
        }
        expect(await rig.databases()).toEqual(["crm", "postgres"]);
      } finally {
        await offsite.stop();
      }
    }));

  it("replaces a copy in clear, as earlier releases made them, and restores from one", () =>
    withStandIn(async (store) => {
      const offsite = await startObjectStoreStandIn("elsewhere");
      const identity = await generateX25519Identity();
      try {
        await rig.backup(store, "create");
        for (const [key, content] of store.objects) offsite.objects.set(key, content);
        const there = { ...offsite.environment("BACKUP_S3"), BACKUP_S3_IDENTITY: identity };
        expect(await rig.backup(store, "restore --database crm --as again", there)).toMatchObject({
          error: undefined,
        });
        await query(rig.server, "postgres", "DROP DATABASE again");

        const copied = await rig.backup(store, "copy", {
          ...offsite.environment("BACKUP_OFFSITE"),
          BACKUP_OFFSITE_RECIPIENT: await identityToRecipient(identity),
        });
        expect(copied.printed).toContain("copied");
        expect([...offsite.objects.keys()].filter((key) => key.endsWith(".zst"))).toEqual([]);
        expect((await rig.backup(store, "list", there)).printed).toMatch(/ good +crm$/);
      } finally {
        await offsite.stop();
      }
    }));

  it("leaves a report and a summary of every run, also of one that fails", () =>
    withStandIn(async (store) => {
      const offsite = {
        ...store.environment("BACKUP_OFFSITE"),
        BACKUP_OFFSITE_RECIPIENT: await identityToRecipient(await generateX25519Identity()),
      };
      for (const verb of ["verify", "copy", "drill", "restore"]) {
        expect((await rig.backup(store, verb, offsite)).error).toBeDefined();
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
