import { CLOCKS, type Clock, type Failover } from "../components/data/postgres";
import { FAULTS, type Fault } from "../test/rigs/patroni/faults";
import { Trial, type Verdict } from "../test/rigs/patroni/trial";

/**
 * Measures seconds without writes and the number of lost rows for each fault of a member, a process or a network.
 * Clients connect through HAProxy. Three etcd members, three Patroni members and HAProxy run with the rendered
 * configuration.
 */
const USAGE = `usage: npm run bench -- failover [--rounds <n>] [--fault <name>[,<name>...]] [--lease standard|fast]
faults: ${FAULTS.map(({ name }) => name).join(", ")}`;

/** Promised seconds of others: the system that this one replaces, and CloudNativePG's published targets. */
const OTHERS: Readonly<Record<string, string>> = {
  "leader-killed": "old promise 30, CloudNativePG 10",
  "node-lost": "old promise 30, CloudNativePG 10",
  "leader-frozen": "old promise 30, CloudNativePG 10",
  "leader-isolated": "old promise 30, CloudNativePG 10",
  switchover: "CloudNativePG 20",
};

export default async function failover(argv: string[]): Promise<void> {
  const { rounds, faults, failover } = flags(argv);
  if (process.getuid?.() !== 0) throw new Error("root is needed: members run as the user postgres");
  const began = performance.now();
  const trial = await Trial.start({ failover });
  console.log(
    `three members ready after ${seconds(performance.now() - began)} s; lease ${CLOCKS[failover].ttl} s; ${rounds} rounds a fault\n`,
  );
  const all: Verdict[] = [];
  try {
    for (const fault of faults) {
      const verdicts: Verdict[] = [];
      for (let round = 1; round <= rounds; round++) verdicts.push(await trial.suffer(fault));
      report(fault, verdicts, CLOCKS[failover]);
      all.push(...verdicts);
    }
  } finally {
    await trial.stop();
  }
  const written = all.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const lost = all.at(-1)?.missing.length ?? 0;
  const twofold = all.at(-1)?.secondLeaders.length ?? 0;
  console.log(`${all.length} faults, ${written} rows acknowledged meanwhile, ${lost} of all rows missing`);
  console.log(`${twofold} rows acknowledged by a leader after its successor's first`);
  if (lost + twofold > 0) process.exitCode = 1;
}

function report(fault: Fault, verdicts: readonly Verdict[], clock: Clock): void {
  const writes = sorted(verdicts.map(({ withoutWrites }) => withoutWrites.seconds));
  const reads = sorted(verdicts.map(({ withoutReads }) => withoutReads.seconds));
  const others = OTHERS[fault.name];
  console.log(`${fault.name}: ${fault.title}`);
  console.log(
    `  without writes  median ${median(writes).toFixed(2)} s, worst ${worst(writes).toFixed(2)} s; goal ${fault.goal(clock)} s${others ? ` (${others})` : ""}`,
  );
  console.log(`  without reads   median ${median(reads).toFixed(2)} s, worst ${worst(reads).toFixed(2)} s`);
  if (fault.leaderChanges) {
    const leading = sorted(verdicts.map(({ readAsPrimary }) => readAsPrimary.seconds));
    const stale = sorted(verdicts.map(({ staleReads }) => staleReads));
    console.log(
      `  old leader read median ${median(leading).toFixed(2)} s, worst ${worst(leading).toFixed(2)} s; of that beside a new leader worst ${worst(stale).toFixed(2)} s`,
    );
  }
  const acknowledged = verdicts.reduce((sum, verdict) => sum + verdict.acknowledged, 0);
  const last = verdicts.at(-1);
  console.log(
    `  rows            ${acknowledged} acknowledged meanwhile, ${last?.missing.length} of all missing; ${last?.secondLeaders.length} by a second leader`,
  );
  console.log(`  limited by      ${fault.limit}\n`);
}

function flags(argv: readonly string[]): {
  readonly rounds: number;
  readonly faults: readonly Fault[];
  readonly failover: Failover;
} {
  const given = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 2) given.set(argv[index] ?? "", argv[index + 1] ?? "");
  const rounds = Number(given.get("--rounds") ?? 5);
  const names = given.get("--fault")?.split(",") ?? FAULTS.map(({ name }) => name);
  const faults = FAULTS.filter(({ name }) => names.includes(name));
  const known = [...given.keys()].every((flag) => ["--rounds", "--fault", "--lease"].includes(flag));
  const failover = given.get("--lease") ?? "standard";
  if (!known || !Number.isInteger(rounds) || rounds < 1 || faults.length !== names.length)
    throw new Error(USAGE);
  if (failover !== "standard" && failover !== "fast") throw new Error(USAGE);
  return { rounds, faults, failover };
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]) => values[Math.floor(values.length / 2)] ?? Number.NaN;
const worst = (values: readonly number[]) => values.at(-1) ?? Number.NaN;
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
