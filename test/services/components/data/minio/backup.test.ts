import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type BackupRig, startBackupRig } from "../../../../rigs/backup/backup-rig";
import { fingerprint, query } from "../../../../rigs/backup/sample-database";
import { type MinioCluster, startMinio } from "../../../../rigs/minio/minio";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** Beyond one part of an upload, and not compressible. */
const BULK = `
  CREATE TABLE bulk AS SELECT n, decode(repeat(md5(random()::text), 4) || md5(n::text), 'hex') AS noise,
    (SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, 16) i) AS letters
  FROM generate_series(1, 100000) n`;

const MIB = 2 ** 20;

/** For NODE_OPTIONS: all of a job believes that it is so many minutes later. */
const clockAheadBy = (minutes: number) => {
  const program = `const Real = Date; globalThis.Date = class extends Real {
    constructor(...given) { if (given.length > 0) super(...given); else super(Real.now() + ${minutes * 60_000}); }
    static now() { return Real.now() + ${minutes * 60_000}; } };`;
  return `--import data:text/javascript;base64,${Buffer.from(program).toString("base64")}`;
};

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

  // Whatever a test has killed is there again for the next.
  afterEach(async () => {
    minio.front.onTraffic = () => undefined;
    await minio.heal();
  });

  /** Strikes once so many bytes have passed from now on. */
  function after(bytes: number, strike: () => Promise<unknown>): void {
    const from = minio.front.passed;
    minio.front.onTraffic = (passed) => {
      if (passed - from < bytes) return;
      minio.front.onTraffic = () => undefined;
      void strike();
    };
  }
  const good = async () => {
    const { printed, error } = await rig.backup(minio, "list --json");
    expect(error).toBeUndefined();
    const backups: { name: string; state: string }[] = JSON.parse(printed);
    return backups.filter(({ state }) => state === "good").map(({ name }) => name);
  };
  /** Servers that came back may list for a while less than there is. */
  let made = 0;
  const create = async () => {
    expect(await rig.backup(minio, "create")).toMatchObject({ error: undefined });
    made += 1;
  };
  /** One that bears the loss of two: what is written while a server does not see all others stands on three drives. */
  const createEverywhere = () =>
    eventually("a backup on all four drives", 240_000, async () => {
      await create();
      return minio.newestIsEverywhere();
    });
  const nothingIsLost = () =>
    eventually(`all of ${made} backups are good`, 240_000, async () => (await good()).length === made);

  it("are created, verified and restored, row for row", async () => {
    await create();
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

  it("are refused where this machine's clock is wrong, with both times", async () => {
    const job = await rig.process(minio, "create", { environment: { NODE_OPTIONS: clockAheadBy(30) } });
    expect(job.exitCode).toBe(1);
    expect(job.termination?.error).toMatch(
      /the clocks .* differ by more than 15 minutes \(here .*, there .*set the one/,
    );
  });

  it("go by TLS where the authority is known, and are refused clearly where it is not", async () => {
    const [known, strange] = [createAuthority("of the storage"), createAuthority("of somebody else")];
    const front = await minio.frontWith(
      known.issue({ commonName: "storage", addresses: ["127.0.0.1"], usages: ["server"] }),
    );
    const folder = mkdtempSync(join(tmpdir(), "trellis-authority-"));
    try {
      const listWith = (authority: { cert: string }) => {
        writeFileSync(join(folder, "ca.crt"), authority.cert);
        return rig.process(minio, "list", {
          environment: {
            BACKUP_S3_ENDPOINT: `https://127.0.0.1:${front.port}`,
            NODE_EXTRA_CA_CERTS: join(folder, "ca.crt"),
          },
        });
      };
      expect(await listWith(known)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("good") });
      const refused = await listWith(strange);
      expect(refused.exitCode).toBe(1);
      expect(refused.termination?.error).toMatch(/certificate .* is not trusted: .*NODE_EXTRA_CA_CERTS/);
    } finally {
      await front.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("go on when a server is killed in the middle of an upload, and another in the middle of a restore", async () => {
    after(4 * MIB, () => minio.kill(0));
    await create();
    await minio.heal();
    await createEverywhere(); // that of before stands on three drives, until MinIO has put it on the fourth
    after(4 * MIB, () => minio.kill(1));
    expect(await rig.backup(minio, "restore --database crm --as again --force")).toMatchObject({
      error: undefined,
    });
    expect(await fingerprint(rig.server, "again")).toEqual(original);
    await minio.heal();
  });

  it("wait in the middle of an upload for the second of two killed servers, and go on where they stood", async () => {
    after(4 * MIB, () => Promise.all([minio.kill(2), minio.kill(3)]));
    let waited = false;
    const job = await rig.process(minio, "create", {
      onError: (_, printed) => {
        if (waited || !/waiting: .*(too few of its drives|cannot be reached)/.test(printed)) return;
        waited = true;
        minio.restart(2);
      },
    });
    expect(waited, job.stderr).toBe(true);
    expect(job).toMatchObject({ exitCode: 0 });
    made += 1;
    await minio.heal();
    expect(await rig.backup(minio, "verify")).toMatchObject({ error: undefined });
  });

  it("are read with two servers killed in the middle of it, and not written: then the reason is clear", async () => {
    await createEverywhere();
    after(4 * MIB, () => Promise.all([minio.kill(1), minio.kill(3)]));
    expect(await rig.backup(minio, "restore --database crm --as again --force")).toMatchObject({
      error: undefined,
    });
    expect(await fingerprint(rig.server, "again")).toEqual(original);

    const failed = await rig.backup(minio, "create --patience 3");
    expect(failed.error).toMatch(/takes no writes: too few of its drives|cannot be reached/);
    await minio.heal();
    await nothingIsLost();
  });

  it("say within their patience that nothing can be done with three servers down, and lose nothing", async () => {
    await Promise.all([minio.kill(0), minio.kill(1), minio.kill(2)]);
    const verbs = ["create", "list", "verify", "prune", "restore --database crm --as again --force"];
    const ends = await Promise.all(verbs.map((words) => rig.backup(minio, `${words} --patience 3`)));
    for (const [verb, { error }] of ends.entries()) {
      expect(error, verbs[verb]).toMatch(/too few of its (drives|servers)|cannot be reached/);
    }
    expect(await fingerprint(rig.server, "again")).toEqual(original);
    await minio.heal();
    await nothingIsLost();
    // Servers that are back answer for a while that they miss the others' drives.
    await eventually("all is read back, and marked as such", 180_000, async () => {
      const { error } = await rig.backup(minio, "verify");
      if (error !== undefined) throw new Error(error);
      return true;
    });
  });
});
