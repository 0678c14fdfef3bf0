import { it } from "vitest";
import { OVERVIEW_PANELS } from "../../../../../components/systems/operations/overview";
import { RECORDINGS } from "../../../../../components/systems/operations/recordings";
import { judgeReadings, type Series } from "../../../../rigs/alerting/promtool";
import { describeWith } from "../../../../rigs/programs";

const HEALTHY: Series = {
  'up{job="apiserver",instance="one"}': "1x120",
  'etcd_server_has_leader{instance="one"}': "1x120",
  'etcd_server_has_leader{instance="two"}': "1x120",
  'patroni_primary{name="postgres-0"}': "1x120",
  'patroni_primary{name="postgres-1"}': "0x120",
  minio_cluster_health_status: "1x120",
};
const PROMISES = ["Kubernetes API", "etcd", "PostgreSQL takes writes", "object storage takes writes"];
const all = (changed: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(PROMISES.map((promise) => [`{promise="${promise}"}`, changed[promise] ?? 1]));

/** The panel's expression with a range in place of Grafana's variable. */
const availability = (range: string) =>
  (OVERVIEW_PANELS.find(({ title }) => title.startsWith("Available"))?.expr ?? "").replace("$__range", range);

describeWith(["promtool"], "the recording rules", () => {
  it("say that all is available while it is", () => {
    judgeReadings(RECORDINGS, [{ series: HEALTHY, minute: 100, expr: availability("1h"), samples: all() }]);
  });

  it("count the minutes without a leader of PostgreSQL, and none of the rest", () => {
    const series = { ...HEALTHY, 'patroni_primary{name="postgres-0"}': "1x70 0x14 1x40" };
    const samples = all({ "PostgreSQL takes writes": 45 / 60 });
    // 60 samples, whether or not a release of Prometheus counts the first moment of a range.
    judgeReadings(RECORDINGS, [{ series, minute: 100, expr: availability("59m30s"), samples }]);
  });

  it("count a program as down whose metrics are missing", () => {
    const series = { minio_cluster_health_status: "1x120" };
    const samples = { ...all(Object.fromEntries(PROMISES.map((promise) => [promise, 0]))) };
    samples['{promise="object storage takes writes"}'] = 1;
    judgeReadings(RECORDINGS, [{ series, minute: 100, expr: availability("1h"), samples }]);
  });

  it("keep the processors in use of each server", () => {
    const series = {
      'node_cpu_seconds_total{node="one",cpu="0",mode="idle"}': "0+15x30",
      'node_cpu_seconds_total{node="one",cpu="0",mode="user"}': "0+45x30",
    };
    judgeReadings(RECORDINGS, [
      {
        series,
        minute: 20,
        expr: "node:processors_in_use:ratio_rate5m",
        samples: { 'node:processors_in_use:ratio_rate5m{node="one"}': 0.75 },
      },
    ]);
  });
});
