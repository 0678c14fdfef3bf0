import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { alertCatalogue } from "../../../cli/docs/runbooks";
import { logAlerts } from "../../../components/cluster";
import { serverAlerts } from "../../../components/servers";
import { CERTIFICATE_METRIC, CERTIFICATES_FILE } from "../../../components/servers/machine/certificates";
import type { AlertRule } from "../../../components/shared/workloads";
import { airflowAlerts } from "../../../components/systems/airflow/alerts";
import { gardenosAlerts } from "../../../components/systems/gardenos";
import { gardenosMetrics } from "../../../components/systems/gardenos/monitoring";
import { operationsAlerts } from "../../../components/systems/operations";
import { judgeAlerts, type Series } from "../../rigs/alerting/promtool";
import { repository } from "../../rigs/platform/stacks";
import { describeWith } from "../../rigs/programs";

const DAY = 86_400;
const NODE = 'job="node-exporter",instance="one:9100"';
const WATCHED = `node_textfile_mtime_seconds{${NODE},file="/host/root/var/lib/trellis/metrics/${CERTIFICATES_FILE}"}`;
const ERRORS = 'http_server_duration_milliseconds_count{namespace="gardenos",http_status_code="500"}';
const ANSWERS = 'http_server_duration_milliseconds_count{namespace="gardenos",http_status_code="200"}';
const PROGRAMS = ["auth", "rest", "storage", "agent-workers"];

/** An alert, the series that make it fire and then end, and minutes at which it does and does no longer. */
type Case = readonly [
  alert: string,
  rules: readonly AlertRule[],
  series: Series,
  fires: number,
  ended: number,
];

const CASES: readonly Case[] = [
  [
    "HealthChecksFail",
    operationsAlerts(),
    {
      'trellis_health_verdict{verdict="failing"}': "1x20 0x100",
      trellis_health_run_timestamp_seconds: "0+60x120",
    },
    10,
    60,
  ],
  [
    "HealthChecksUnknown",
    operationsAlerts(),
    {
      'trellis_health_verdict{verdict="not all could be checked"}': "1x20 0x100",
      trellis_health_run_timestamp_seconds: "0+60x120",
    },
    10,
    60,
  ],
  [
    "HealthChecksMissing",
    operationsAlerts(0.25),
    { trellis_health_run_timestamp_seconds: "0x90 6000x60" },
    80,
    110,
  ],
  ["AirflowTasksLost", airflowAlerts(), { 'airflow_tasks_lost_total{job="a"}': "0x30 1x90" }, 35, 60],
  ["AirflowTriggersFail", airflowAlerts(), { 'airflow_triggers_failed_total{job="a"}': "0x30 1x90" }, 35, 60],
  [
    "GardenOSRestWaits",
    gardenosAlerts(),
    { 'pgrst_db_pool_waiting{namespace="gardenos"}': "3x30 0x90" },
    20,
    60,
  ],
  ["GardenOSAuthFails", gardenosAlerts(), { [ERRORS]: "0+10x40 400x80", [ANSWERS]: "0+90x120" }, 35, 80],
  [
    "GardenOSTasksWait",
    gardenosAlerts(),
    { 'agents_queue_oldest_seconds{namespace="gardenos"}': "1000x30 5x90" },
    20,
    60,
  ],
  [
    "GardenOSModelFails",
    gardenosAlerts(),
    { 'agents_model_circuit_open{namespace="gardenos"}': "1x30 0x90" },
    20,
    60,
  ],
  ["LogStoreDown", logAlerts(), { 'up{job="logs/victoria-logs"}': "0x30 1x90" }, 20, 60],
  ["LogAgentDown", logAlerts(), { 'up{job="logs/log-agent",instance="one"}': "0x30 1x90" }, 20, 60],
  [
    "LogsWait",
    logAlerts(),
    {
      'vlagent_remotewrite_pending_data_bytes{job="logs/log-agent",instance="one"}': `${300 * 2 ** 20}x45 0x90`,
    },
    40,
    70,
  ],
  [
    "LogsLost",
    logAlerts(),
    { 'vlagent_remotewrite_packets_dropped_total{job="logs/log-agent",instance="one"}': "0x20 3x90" },
    25,
    60,
  ],
  ["ServerClockUnsynchronised", serverAlerts(), { [`node_timex_sync_status{${NODE}}`]: "0x30 1x90" }, 20, 60],
  ["ServerClockWrong", serverAlerts(), { [`node_time_seconds{${NODE}}`]: "5+60x30 1860+60x90" }, 20, 60],
  [
    "ServerCertificateExpires",
    serverAlerts(),
    { [`${CERTIFICATE_METRIC}{${NODE}}`]: `${40 * DAY}x90 ${300 * DAY}x90`, [WATCHED]: "0+60x180" },
    80,
    120,
  ],
  [
    "ServerCertificateExpiresNow",
    serverAlerts(),
    { [`${CERTIFICATE_METRIC}{${NODE}}`]: `${5 * DAY}x90 ${300 * DAY}x90`, [WATCHED]: "0+60x180" },
    80,
    120,
  ],
  ["ServerCertificatesNotWatched", serverAlerts(), { [WATCHED]: `${-4 * DAY}x90 0+60x90` }, 80, 120],
];

describeWith(["promtool"], "alerts that no component's test tries", () => {
  it.each(CASES)("%s fires, and ends", (alert, rules, series, fires, ended) => {
    const own = rules.filter((rule) => rule.alert === alert);
    expect(own).toHaveLength(1);
    judgeAlerts(own, [
      { series, minute: fires, firing: [alert] },
      { series, minute: ended, firing: [] },
    ]);
  });

  it("GardenOSKeysEnd fires 30 days before the keys end, and not earlier", () => {
    // The clock of the tests begins on the first of January 1970: the notice begins after one day.
    const own = gardenosMetrics("gardenos", [], "1970-01-31").alerts.filter(
      ({ alert }) => alert === "GardenOSKeysEnd",
    );
    const series = { 'up{namespace="gardenos"}': "1x1600" };
    judgeAlerts(own, [
      { series, minute: 1430, firing: [] },
      { series, minute: 1510, firing: ["GardenOSKeysEnd"] },
    ]);
  });

  it.each(PROGRAMS)("GardenOS' %s down fires while none of its pods answers", (container) => {
    const own = gardenosAlerts().filter(({ expr }) => expr.includes(`container="${container}"`));
    expect(own).toHaveLength(1);
    const up = (pod: string, values: string) => ({
      [`up{namespace="gardenos",container="${container}",pod="${pod}"}`]: values,
    });
    judgeAlerts(own, [
      {
        series: { ...up("1", "0x30"), ...up("2", "0x30") },
        minute: 20,
        firing: own.map(({ alert }) => alert),
      },
      { series: { ...up("1", "0x30"), ...up("2", "1x30") }, minute: 20, firing: [] },
    ]);
  });
});

it("promtool tries every alert of the program", () => {
  const folder = join(repository, "test", "integration");
  const texts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => readFileSync(join(folder, path), "utf8"))
    .filter((text) => text.includes("promtool"))
    .join("\n");
  const judged = (alert: string) => new RegExp(`\\b${alert}\\b`).test(texts);
  const ofPrograms = /^GardenOS\w+Down$/;
  expect(
    alertCatalogue()
      .filter(({ alert }) => !judged(alert) && !ofPrograms.test(alert))
      .map(({ alert }) => alert),
  ).toEqual([]);
});
