import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { layDownTlsMinio, type TlsMinio } from "../../../../rigs/minio/tls";
import { type ArchiveOfTest, STANZA } from "../../../../rigs/patroni/archive";
import { ArchiveJobs } from "../../../../rigs/patroni/archive-jobs";
import { PATRONI_PROGRAMS, PatroniCluster } from "../../../../rigs/patroni/cluster";
import {
  createLedger,
  LEDGER_SETUP,
  type LedgerTarget,
  LedgerWriter,
  missingRows,
} from "../../../../rigs/patroni/ledger";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** On a quiet machine all of them hold within seconds. */
const PATIENCE_MS = 400_000;

const mayChangeUsers = process.getuid?.() === 0;

/** A row with the moment of its commit, as PostgreSQL compares moments: by the microsecond. */
interface Committed {
  readonly line: number;
  readonly at: bigint;
}

describeWith(
  [...PATRONI_PROGRAMS, "minio", "pgbackrest"],
  "the archive of PostgreSQL, from the rendered files",
  () => {
    let store: TlsMinio;
    let archive: ArchiveOfTest;
    let cluster: PatroniCluster;
    let jobs: ArchiveJobs;
    let writer: LedgerWriter;
    let target: LedgerTarget;

    beforeAll(async () => {
      if (!mayChangeUsers) return;
      store = await layDownTlsMinio(["postgres-archive"]);
      archive = { store, bucket: "postgres-archive", passphrase: "only-for-tests" };
      cluster = await PatroniCluster.start({ archive, patienceMs: PATIENCE_MS }); // object storage comes later, and nobody waits for it
      await store.start();
      jobs = await ArchiveJobs.layDown(
        archive,
        cluster.authority,
        cluster.members.map(({ seen }) => seen),
      );
      const leader = await cluster.settled(PATIENCE_MS);
      for (const statement of LEDGER_SETUP) cluster.psql(leader, statement);
      target = { host: cluster.address, port: cluster.ports.leader, authority: cluster.authority.cert };
      await createLedger(target);
      writer = new LedgerWriter("client", target, 20);
    });

    afterAll(async () => {
      await writer?.stop();
      await jobs?.stop();
      await cluster?.stop();
      await store?.remove();
    });

    const onLeader = async (sql: string) => cluster.psql(await cluster.settled(PATIENCE_MS), sql).trim();
    const rowsWritten = async (count: number) => {
      const wanted = writer.acknowledged.length + count;
      await eventually(`${count} more rows`, PATIENCE_MS, () => writer.acknowledged.length >= wanted);
    };
    const waitingSegments = async () =>
      Number(
        await onLeader(
          "SELECT count(*) FROM pg_ls_dir('pg_wal/archive_status') AS name WHERE name LIKE '%.ready'",
        ),
      );
    const closeSegment = () => onLeader("SELECT pg_switch_wal()");
    const allArchived = () =>
      eventually(
        "all finished segments are archived",
        PATIENCE_MS,
        async () => (await waitingSegments()) === 0,
      );

    const COMMITS = `SELECT line || ' ' || (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint FROM ledger`;
    const commitsIn = (text: string): Committed[] =>
      text
        .split("\n")
        .filter(Boolean)
        .map((row) => row.split(" "))
        .map(([line = "", at = ""]) => ({ line: Number(line), at: BigInt(at) }));
    const microseconds = (moment: string) =>
      BigInt(onAnyServer(`SELECT (extract(epoch FROM timestamptz '${moment}') * 1000000)::bigint`));
    const onAnyServer = (sql: string) => psql(cluster.members[0]?.socketDirectory ?? "", 0, sql);
    const psql = (sockets: string, port: number, sql: string, database = "postgres") =>
      execFileSync(
        "setpriv",
        [
          ...["--reuid", "postgres", "--clear-groups", "psql", "--no-psqlrc", "-qtA"],
          ...["-h", sockets, "-p", String(port || (cluster.members[0]?.ports.postgres ?? 0))],
          ...["-U", "postgres", "-d", database, "-c", sql],
        ],
        { encoding: "utf8", cwd: "/" },
      ).trim();
    const lines = (rows: readonly Committed[]) => rows.map(({ line }) => line).sort((a, b) => a - b);

    /** Recovers a moment and compares what is there with what the cluster itself says was committed by then. */
    const recoverTo = async (moment: string) => {
      const leader = await cluster.settled(PATIENCE_MS);
      const all = commitsIn(psql(leader.socketDirectory, leader.ports.postgres, COMMITS, "ledger"));
      const by = microseconds(moment);
      const expected = lines(all.filter(({ at }) => at <= by));
      const recovered = await jobs.serve(["--to", moment]);
      try {
        const held = psql(recovered.sockets, 5432, "SELECT line FROM ledger ORDER BY line", "ledger");
        return {
          expected,
          held: held.split("\n").filter(Boolean).map(Number),
          later: all.length - expected.length,
        };
      } finally {
        await recovered.stop();
      }
    };
    const now = () => onLeader("SELECT clock_timestamp()");

    const moments: Record<"quiet" | "outage" | "afterwards", string> = {
      quiet: "",
      outage: "",
      afterwards: "",
    };

    it.skipIf(!mayChangeUsers)("knows no moment before the first backup, and says what to do", async () => {
      await expect(jobs.run(["pitr", "--latest", "--into", `${jobs.folder}/recovered/none`])).rejects.toThrow(
        "jobs backup base --type full",
      );
    });

    it.skipIf(!mayChangeUsers)("is backed up over the network, from a replica", async () => {
      expect(await jobs.run(["base", "--type", "diff"])).toMatch(/^\d{8}-\d{6}F: full/m); // there was none before
      await rowsWritten(20);
      const { windows } = JSON.parse(await jobs.run(["pitr", "--list", "--json"]));
      await eventually("the window has begun", PATIENCE_MS, () => Date.now() >= Date.parse(windows[0].from));
      moments.quiet = await now();
      await rowsWritten(20);
      expect(await jobs.run(["base", "--type", "diff"])).toMatch(/^\d{8}-\d{6}F_\d{8}-\d{6}D: diff/m);
    });

    it.skipIf(!mayChangeUsers)(
      "takes rows while object storage is away, and catches up when it is back",
      async () => {
        await store.kill();
        for (let segments = 0; segments < 3; segments++) {
          await rowsWritten(10);
          await closeSegment();
        }
        moments.outage = await now();
        await rowsWritten(10);
        expect(await waitingSegments()).toBeGreaterThanOrEqual(3);

        await store.start();
        await closeSegment();
        await allArchived();
      },
    );

    it.skipIf(!mayChangeUsers)(
      "has no gap when the leader is lost with segments that it had not archived",
      async () => {
        const before = await cluster.settled(PATIENCE_MS);
        await store.kill();
        for (let segments = 0; segments < 3; segments++) {
          await rowsWritten(10);
          await closeSegment();
        }
        await before.kill();
        before.loseDisk();
        await eventually("another leads", PATIENCE_MS, async () => {
          const leader = await cluster.leader();
          return leader !== undefined && leader !== before;
        });
        await store.start();
        before.start();
        await rowsWritten(20);
        moments.afterwards = await now();
        await rowsWritten(10);
        await closeSegment();
        await allArchived();

        const { windows } = JSON.parse(await jobs.run(["pitr", "--list", "--json"]));
        expect(windows).toHaveLength(1);
        await eventually("the window reaches over the change", PATIENCE_MS, async () => {
          const { windows: found } = JSON.parse(await jobs.run(["pitr", "--list", "--json"]));
          return Date.parse(found.at(-1).to) > Date.parse(moments.afterwards);
        });
        // The lost one was made anew from the archive, not from the leader.
        expect(before.log).toContain("replica has been created using pgbackrest");
      },
    );

    it.skipIf(!mayChangeUsers).for(["quiet", "outage", "afterwards"] as const)(
      "gives back exactly what was committed by a moment: %s",
      async (which) => {
        const { expected, held, later } = await recoverTo(moments[which]);
        expect(held).toEqual(expected);
        expect(held.length).toBeGreaterThan(0);
        expect(later).toBeGreaterThan(0);
      },
    );

    it.skipIf(!mayChangeUsers)(
      "is read file by file and recovered at a random moment, on its schedule",
      async () => {
        expect(await jobs.run(["verify-archive"])).toContain("every file is as it was written");
        const into = `${jobs.folder}/recovered/drill`;
        expect(await jobs.run(["drill-archive", "--into", into])).toMatch(
          /^recovered \d{4}-.* from repository 1 and read every row in \d+ s/m,
        );
        const metrics = await jobs.metrics();
        expect(metrics).toContain('trellis_archive_check_good{check="verify",repository="1"} 1');
        expect(metrics).toContain('trellis_archive_check_good{check="drill",repository="1"} 1');
      },
    );

    it.skipIf(!mayChangeUsers)("does not pass for whole with a segment that is damaged", async () => {
      const words = ["repo-ls", "--recurse", "--sort=asc", `archive/${STANZA}`];
      const files = jobs.pgbackrest(words).toString().split("\n");
      const segment = files.find((name) => /\/[0-9A-F]{24}-/.test(name)) ?? "";
      const path = `archive/${STANZA}/${segment}`;
      const content = jobs.pgbackrest(["repo-get", "--raw", path]);
      const altered = Buffer.from(content);
      altered.fill(0, content.length / 2, content.length / 2 + 64);
      try {
        jobs.pgbackrest(["repo-put", "--raw", path], content.subarray(0, content.length / 2));
        await expect(jobs.run(["verify-archive"])).rejects.toThrow(
          /repository 1 is damaged: .* ends too early/,
        );
        jobs.pgbackrest(["repo-put", "--raw", path], altered);
        await expect(jobs.run(["verify-archive"])).rejects.toThrow(/repository 1 is damaged: .*: [1-9]/);
        expect(await jobs.metrics()).toContain('trellis_archive_check_good{check="verify",repository="1"} 0');
      } finally {
        jobs.pgbackrest(["repo-put", "--raw", path], content);
      }
      expect(await jobs.run(["verify-archive"])).toContain("every file is as it was written");
    });

    it.skipIf(!mayChangeUsers)("names what is wrong with a moment, a bucket or a passphrase", async () => {
      const recover = (to: string, environment = {}) =>
        jobs.run(["pitr", "--to", to, "--into", `${jobs.folder}/recovered/refused`], environment);
      await expect(recover("2001-01-01 00:00:00Z")).rejects.toThrow(
        /before the first backup; recoverable is from/,
      );
      await expect(recover("2101-01-01 00:00:00Z")).rejects.toThrow("in the future");
      const list = (environment: Record<string, string>) => jobs.run(["pitr", "--list"], environment);
      await expect(list({ PGBACKREST_REPO1_CIPHER_PASS: "another" })).rejects.toThrow("cannot be decrypted");
      await expect(list({ PGBACKREST_REPO1_S3_BUCKET: "nowhere" })).rejects.toThrow("bucket does not exist");
      await expect(list({ PGBACKREST_REPO1_S3_KEY_SECRET: "wrong" })).rejects.toThrow("refuses the keys");
    });

    it.skipIf(!mayChangeUsers)(
      "gives a new cluster all but the newest rows when every server and disk is lost, and takes its log",
      async () => {
        await rowsWritten(20);
        const archivable = writer.acknowledged.length;
        const segment = await onLeader("SELECT pg_walfile_name(pg_current_wal_lsn())");
        await eventually("the leader closes its segment by itself", PATIENCE_MS, async () => {
          return (await onLeader("SELECT last_archived_wal FROM pg_stat_archiver")) >= segment;
        });
        await writer.stop();
        const { acknowledged } = writer;
        await cluster.stop(); // etcd, members and disks are gone

        cluster = await PatroniCluster.start({
          archive: { ...archive, recoverTo: "latest" },
          patienceMs: PATIENCE_MS,
        });
        target = { ...target, authority: cluster.authority.cert };
        const missing = await missingRows(target, acknowledged);
        const present = acknowledged.length - missing.length;
        expect(present).toBeGreaterThanOrEqual(archivable);
        expect(missing).toEqual(acknowledged.slice(present));

        writer = new LedgerWriter("successor", target, 20);
        await rowsWritten(5);
        await closeSegment();
        await allArchived();
      },
    );
  },
);
