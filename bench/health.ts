import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertmanagerConfig, timingOf } from "../components/cluster/monitoring";
import { etcdAlerts } from "../components/servers";
import { settingsSchema } from "../components/settings";
import { Alerting } from "../test/rigs/alerting/alerting";
import { HttpReceivers } from "../test/rigs/alerting/receivers";
import { Child } from "../test/rigs/child";
import { runJob } from "../test/rigs/jobs/run-job";
import { FAULTS, isSeen, suffer } from "../test/rigs/operations/faults";
import { OperationsRig } from "../test/rigs/operations/programs";
import { createAuthority } from "../test/rigs/pki/certificates";
import { freePort } from "../test/rigs/postgres/postgres";
import { eventually } from "../test/rigs/waiting";

/**
 * Measures how long the checks take on a platform of real programs, how many injected faults they see, and how long an
 * alarm takes from a fault to a receiver with the deployed intervals.
 */
const ROUNDS = 5;

/** How often the chart's Prometheus scrapes and evaluates. */
const INTERVAL = "30s";

export default async function health(argv: string[]): Promise<void> {
  if (argv.length > 0 && !argv.every((each) => ["--checks", "--alarm"].includes(each)))
    throw new Error("usage: npm run bench -- health [--checks] [--alarm]");
  if (argv.length === 0 || argv.includes("--checks")) await checks();
  if (argv.length === 0 || argv.includes("--alarm")) await alarm();
}

async function checks(): Promise<void> {
  const rig = await OperationsRig.start();
  try {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await rig.examine());
    const [first] = rounds;
    console.log(
      `checks: ${first?.checks.length}, score of the healthy platform ${first?.score}%, median ${median(rounds.map(({ seconds }) => seconds)).toFixed(1)} s`,
    );
    const status = [];
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      await runJob(["operations", "status"], { environment: rig.environment() });
      status.push((performance.now() - began) / 1000);
    }
    console.log(`status, a process of its own: median ${median(status).toFixed(1)} s (goal 5 s)`);
    const missed = [];
    for (const fault of FAULTS) if (!isSeen(fault, await suffer(rig, fault))) missed.push(fault.name);
    console.log(`faults: ${FAULTS.length - missed.length} of ${FAULTS.length} seen, by exactly their checks`);
    for (const name of missed) console.log(`  not seen: ${name}`);
    if (missed.length > 0) process.exitCode = 1;
  } finally {
    await rig.stop();
  }
}

/** One member of etcd, which Prometheus scrapes; its end is a lost quorum. */
async function alarm(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-alarm-"));
  const http = new HttpReceivers();
  const [web, client, peer] = [await http.listen(), await freePort(), await freePort()];
  writeFileSync(join(folder, "webhook-url"), `${web}/webhook`);
  writeFileSync(join(folder, "ca.crt"), createAuthority("receivers").cert);
  const listening = `http://127.0.0.1:${client}`;
  const etcd = new Child("etcd", [
    ...["--data-dir", join(folder, "etcd"), "--listen-client-urls", listening],
    ...["--advertise-client-urls", listening, "--listen-peer-urls", `http://127.0.0.1:${peer}`],
  ]);
  const { alerts } = settingsSchema.shape.monitoring.parse({ alerts: { webhook: {} } });
  const rule = etcdAlerts({ members: 1, snapshotEveryHours: 6 }).find(
    ({ alert }) => alert === "EtcdQuorumLost",
  );
  if (!rule) throw new Error("there is no alert EtcdQuorumLost");
  let alerting: Alerting | undefined;
  try {
    await eventually("etcd answers", 30_000, async () => (await fetch(`${listening}/health`)).ok);
    alerting = await Alerting.start({
      config: alertmanagerConfig({
        alerts,
        domain: "example.com",
        folder,
        ntfyToken: false,
        timing: timingOf(alerts),
      }),
      rules: [rule],
      targets: [{ job: "etcd", address: `127.0.0.1:${client}`, labels: { node: "one" } }],
      authority: join(folder, "ca.crt"),
      interval: INTERVAL,
    });
    const running = alerting;
    await eventually("etcd's series", 120_000, async () => (await running.series()) > 100);
    const { alertmanager, prometheus } = running.memoryMib();
    console.log(`series of one member of etcd: ${await running.series()}`);
    console.log(`memory: Prometheus ${prometheus} MiB, Alertmanager ${alertmanager} MiB, with these series`);
    const began = performance.now();
    await etcd.kill();
    await eventually("the alarm at the webhook", 600_000, () =>
      http.to("/webhook").some(({ body }) => body.includes("EtcdQuorumLost")),
    );
    console.log(
      `alarm: ${((performance.now() - began) / 1000).toFixed(0)} s from the end of etcd to the webhook (scraped every ${INTERVAL}, for ${rule.for})`,
    );
  } finally {
    await alerting?.stop();
    await etcd.kill();
    http.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
