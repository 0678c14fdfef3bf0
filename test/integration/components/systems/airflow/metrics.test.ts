import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { airflowAlerts } from "../../../../../components/systems/airflow/alerts";
import { METRICS, seriesNames, statsdMapping } from "../../../../../components/systems/airflow/metrics";
import { STATSD_WORDS } from "../../../../../components/systems/airflow/statsd";
import { Child } from "../../../../rigs/child";
import { freePort } from "../../../../rigs/postgres/postgres";
import { describeWith, program } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

describeWith(["airflow"], "the metrics that the mapping names", () => {
  it("are all among those that this release of Airflow tells", () => {
    const python = join(dirname(program("airflow")), "python");
    const path = "import airflow, os; print(os.path.dirname(airflow.__file__))";
    const home = execFileSync(python, ["-c", path], { encoding: "utf8" }).trim().split("\n").at(-1) ?? "";
    const template = readFileSync(join(home, "_shared/observability/metrics/metrics_template.yaml"), "utf8");
    const told = [...template.matchAll(/- name: "([^"]+)"/g)].map(([, name]) => name);
    expect(told.length).toBeGreaterThan(80);
    expect(told).toEqual(expect.arrayContaining(METRICS.map(({ airflow }) => airflow)));
  });
});

describeWith(["statsd_exporter"], "the exporter of Airflow's metrics", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-statsd-"));
  let exporter: Child;
  let metrics: string;
  let port: number;
  beforeAll(async () => {
    const mapping = join(folder, "mapping.yml");
    writeFileSync(mapping, statsdMapping());
    port = await freePort();
    metrics = `http://127.0.0.1:${await freePort()}/metrics`;
    const words = STATSD_WORDS.map((word) =>
      word
        .replace(/^(--statsd\.mapping-config=).*/, `$1${mapping}`)
        .replace(/^(--statsd\.listen-udp=).*/, `$1127.0.0.1:${port}`)
        .replace(/^(--web\.listen-address=).*/, `$1${new URL(metrics).host}`),
    );
    exporter = new Child("statsd_exporter", words);
    await eventually("an exporter that answers", 60_000, async () => {
      if (!exporter.running) throw new Error(exporter.output);
      return (await fetch(metrics)).ok;
    });
  });
  afterAll(async () => {
    await exporter?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends lines as Airflow's client writes them until a series is there, since UDP promises nothing. */
  async function shown(lines: readonly string[], series: RegExp): Promise<string> {
    const socket = createSocket("udp4");
    try {
      return await eventually(String(series), 60_000, async () => {
        for (const line of lines) socket.send(line, port, "127.0.0.1");
        const text = await (await fetch(metrics)).text();
        return series.test(text) && text;
      });
    } finally {
      socket.close();
    }
  }

  it("shows every metric of the mapping by its own name", async () => {
    const lines = METRICS.map(
      ({ airflow, kind }) => `airflow.${airflow}:1|${{ counter: "c", gauge: "g", timer: "ms" }[kind]}`,
    );
    const text = await shown(lines, /^airflow_triggers_failed_total/m);
    for (const name of seriesNames()) expect(text).toMatch(new RegExp(`^${name}[ {]`, "m"));
  });

  it("makes Airflow's tags labels, and milliseconds seconds", async () => {
    const text = await shown(
      [
        "airflow.ti.finish,dag_id=yellowlive__Store1_ingestion,task_id=snapshot_merge_job,state=failed:1|c",
        "airflow.dagrun.duration.success,dag_id=yellowlive__Store1_ingestion:7000|ms",
      ],
      /airflow_dag_run_seconds_bucket\{[^}]*yellowlive/,
    );
    expect(text).toMatch(
      /^airflow_task_finishes_total\{dag_id="yellowlive__Store1_ingestion",state="failed",task_id="snapshot_merge_job"\}/m,
    );
    const bucket = (le: number) =>
      Number(
        new RegExp(
          `^airflow_dag_run_seconds_bucket\\{dag_id="yellowlive__Store1_ingestion",outcome="success",le="${le}"\\} (\\d+)`,
          "m",
        ).exec(text)?.[1],
      );
    expect(bucket(5)).toBe(0);
    expect(bucket(15)).toBeGreaterThan(0);
  });

  it("drops what nobody asked for", async () => {
    const text = await shown(
      ["airflow.dag_processing.last_num_of_db_queries.a:1|g", "airflow.triggers.running,hostname=b:3|g"],
      /airflow_triggers_running\{hostname="b"\} 3/,
    );
    expect(text).not.toContain("last_num_of_db_queries");
  });
});

describeWith(["promtool"], "the alerts of Airflow", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-airflow-alerts-"));
  const alerts = airflowAlerts();
  writeFileSync(
    join(folder, "rules.yaml"),
    JSON.stringify({
      groups: [{ name: "airflow", rules: alerts.map(({ annotations: _, ...rule }) => rule) }],
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const HEALTHY: Readonly<Record<string, string>> = {
    'up{job="airflow-statsd"}': "1x60",
    'airflow_scheduler_heartbeats_total{job="airflow-statsd"}': "0+12x60",
    'airflow_dag_processor_heartbeats_total{job="airflow-statsd"}': "0+12x60",
    'airflow_triggerer_heartbeats_total{job="airflow-statsd"}': "0+12x60",
    airflow_import_errors: "0x60",
    'airflow_pool_starving_tasks{pool_name="datasurface"}': "0x60",
  };
  const FAILED = 'airflow_task_finishes_total{state="failed",dag_id="a",task_id="b"}';

  it.each<
    readonly [what: string, series: Record<string, string>, expected: Record<string, Record<string, string>>]
  >([
    ["nothing where all is well", {}, {}],
    [
      "a scheduler that stopped",
      { 'airflow_scheduler_heartbeats_total{job="airflow-statsd"}': "0+12x15 180x45" },
      { AirflowSchedulerSilent: {} },
    ],
    [
      "a triggerer that never began",
      { 'airflow_triggerer_heartbeats_total{job="airflow-statsd"}': "_x60" },
      { AirflowTriggererSilent: {} },
    ],
    [
      "a DAG processor that stopped",
      { 'airflow_dag_processor_heartbeats_total{job="airflow-statsd"}': "0+12x15 180x45" },
      { AirflowDagProcessorSilent: {} },
    ],
    ["an exporter that is gone", { 'up{job="airflow-statsd"}': "0x60" }, { AirflowMetricsMissing: {} }],
    ["a file that is not understood", { airflow_import_errors: "1x60" }, { AirflowImportErrors: {} }],
    [
      "the first failure of a task",
      { [FAILED]: "_x35 1x25" },
      { AirflowTaskFails: { dag_id: "a", task_id: "b" } },
    ],
    [
      "a later failure of a task",
      { [FAILED]: "1x35 2x25" },
      { AirflowTaskFails: { dag_id: "a", task_id: "b" } },
    ],
    ["no failure that is long past", { [FAILED]: "1x10 2x50" }, {}],
    [
      "a pool that starves",
      { 'airflow_pool_starving_tasks{pool_name="datasurface"}': "3x60" },
      { AirflowPoolStarves: { pool_name: "datasurface" } },
    ],
  ])("tell of %s", (_, series, expected) => {
    const all = { ...HEALTHY, ...series };
    const test = {
      rule_files: [join(folder, "rules.yaml")],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(all).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: alerts.map(({ alert, labels }) => ({
            eval_time: "40m",
            alertname: alert,
            exp_alerts: expected[alert] ? [{ exp_labels: { ...labels, ...expected[alert] } }] : [],
          })),
        },
      ],
    };
    const file = join(folder, "test.yaml");
    writeFileSync(file, JSON.stringify(test));
    expect(execFileSync(program("promtool"), ["test", "rules", file], { encoding: "utf8" })).toContain(
      "SUCCESS",
    );
  });
});
