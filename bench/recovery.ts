import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { layDownTlsMinio } from "../test/rigs/minio/tls";
import type { ArchiveOfTest } from "../test/rigs/patroni/archive";
import { ArchiveJobs } from "../test/rigs/patroni/archive-jobs";
import { PatroniCluster } from "../test/rigs/patroni/cluster";
import {
  createLedger,
  LEDGER_SETUP,
  type LedgerTarget,
  LedgerWriter,
  missingRows,
} from "../test/rigs/patroni/ledger";

/**
 * Measures the loss after every server and disk is lost. Rows are written several times a second; at a random moment,
 * etcd, PostgreSQL and its disk are destroyed, and a new cluster is bootstrapped from the archive alone
 * (`postgres.recoverTo: latest`). The loss is the time from the newest recovered row to the destruction. pgBackRest and
 * Patroni use the rendered configuration; the archive is a real MinIO with TLS.
 */
export default async function recovery(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error("usage: npm run bench -- recovery [--rounds <n>]");
  if (process.getuid?.() !== 0) throw new Error("root is needed: members run as the user postgres");

  const store = await layDownTlsMinio(["postgres-archive"]);
  const archive = { store, bucket: "postgres-archive", passphrase: "only-for-benchmarks" };
  let cluster: PatroniCluster | undefined;
  try {
    await store.start();
    cluster = await PatroniCluster.start({ members: 1, archive, patienceMs: START_LIMIT_MS });
    await prepare(cluster, archive);
    const losses: Loss[] = [];
    for (let round = 1; round <= rounds; round++) {
      const writer = new LedgerWriter(`round ${round}`, targetOf(cluster), ROW_EVERY_MS);
      await wait(STEADY_MS + Math.random() * SPREAD_MS);
      const died = performance.now();
      const dying = cluster.stop();
      await Promise.all([dying, writer.stop()]);

      const began = performance.now();
      cluster = await PatroniCluster.start({
        members: 1,
        archive: { ...archive, recoverTo: "latest" },
        patienceMs: START_LIMIT_MS,
      });
      const recoverySeconds = (performance.now() - began) / 1000;
      const acknowledged = writer.acknowledged.filter(({ heard }) => heard <= died);
      const missing = await missingRows(targetOf(cluster), acknowledged);
      const newest = acknowledged.at(acknowledged.length - missing.length - 1);
      if (!newest) throw new Error("no row of this round was archived");
      const loss = { lostSeconds: (died - newest.heard) / 1000, recoverySeconds };
      losses.push(loss);
      console.log(
        `round ${round}: ${acknowledged.length} rows acknowledged, ${missing.length} lost: the last ` +
          `${loss.lostSeconds.toFixed(1)} s; the new cluster led after ${recoverySeconds.toFixed(1)} s`,
      );
    }
    tell(losses);
  } finally {
    await cluster?.stop();
    await store.remove();
  }
}

interface Loss {
  readonly lostSeconds: number;
  readonly recoverySeconds: number;
}

const GOAL_SECONDS = 60;
const ROW_EVERY_MS = 200;
const START_LIMIT_MS = 400_000;

/** Longer than an idle leader keeps a WAL segment open, so that the loss happens at any point of a segment. */
const STEADY_MS = 45_000;
const SPREAD_MS = 30_000;

async function prepare(cluster: PatroniCluster, archive: ArchiveOfTest): Promise<void> {
  const leader = await cluster.settled(START_LIMIT_MS);
  for (const statement of LEDGER_SETUP) cluster.psql(leader, statement);
  await createLedger(targetOf(cluster));
  const jobs = await ArchiveJobs.layDown(
    archive,
    cluster.authority,
    cluster.members.map(({ seen }) => seen),
  );
  try {
    // The pgBackRest release on this machine would require a standby, and this cluster has none.
    await jobs.run(["base", "--type", "full"], { PGBACKREST_BACKUP_STANDBY: "n" });
  } finally {
    await jobs.stop();
  }
}

const targetOf = ({ address, ports, authority }: PatroniCluster): LedgerTarget => ({
  host: address,
  port: ports.leader,
  authority: authority.cert,
});

function tell(losses: readonly Loss[]): void {
  const line = (what: string, values: readonly number[], note: string) => {
    const sorted = [...values].sort((a, b) => a - b);
    const [median, worst] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    console.log(`${what.padEnd(22)} median ${median?.toFixed(1)} s, worst ${worst?.toFixed(1)} s; ${note}`);
  };
  console.log();
  line(
    "lost",
    losses.map(({ lostSeconds }) => lostSeconds),
    `goal ${GOAL_SECONDS} s; the old way, a dump a day: up to 86400 s`,
  );
  line(
    "until a new leader",
    losses.map(({ recoverySeconds }) => recoverySeconds),
    "a small database; its size adds to this",
  );
  if (losses.some(({ lostSeconds }) => lostSeconds > GOAL_SECONDS)) process.exitCode = 1;
}
