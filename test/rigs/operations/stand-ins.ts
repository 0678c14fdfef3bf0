import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { StandIn } from "./stand-in";

/** Stand-ins for what does not run in this test: exporters, Airflow, the applications, Prometheus. */
export class StandIns {
  readonly prometheus = new StandIn();
  readonly airflow = new StandIn();
  readonly rain = new StandIn();
  readonly gardenos = new StandIn();
  readonly archive = new StandIn();
  readonly mirror = new StandIn();
  readonly backups = new StandIn();
  readonly port = new ClosedPort();

  static async start(): Promise<StandIns> {
    const all = new StandIns();
    await Promise.all([...all.#http.map((each) => each.start()), all.port.choose()]);
    return all;
  }

  get #http(): StandIn[] {
    const { prometheus, airflow, rain, gardenos, archive, mirror, backups } = this;
    return [prometheus, airflow, rain, gardenos, archive, mirror, backups];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#http.map((each) => each.stop()), this.port.close()]);
  }
}

/** A port that refuses, as one behind a policy does, until it is opened. */
export class ClosedPort {
  number = 0;
  #server: Server | undefined;

  async choose(): Promise<void> {
    await this.open();
    await this.close();
  }

  async open(): Promise<void> {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => server.listen(this.number, "127.0.0.1", listening));
    this.number = (server.address() as AddressInfo).port; // it listens on a TCP port
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((closed) => server.close(closed));
  }
}

const secondsAgo = (hours: number) => Date.now() / 1000 - hours * 3600;

export function answerWell(standIns: StandIns): void {
  const { airflow, rain, gardenos, archive, mirror, prometheus } = standIns;
  airflow.answer("/api/v2/monitor/health", airflowHealth("healthy"));
  rain.answer("/health", "{}");
  gardenos.answer("/auth", "{}");
  gardenos.answer("/rest", "{}");
  archive.answer("/metrics", archiveMetrics());
  mirror.answer("/metrics", mirrorMetrics());
  prometheus.answer("/api/v1/query", prometheusAnswers());
}

export const airflowHealth = (scheduler: string) =>
  JSON.stringify({
    metadatabase: { status: "healthy" },
    scheduler: { status: scheduler },
    triggerer: { status: null },
  });

export const archiveMetrics = (gap = 0, up = 1) =>
  [
    `trellis_archive_repository_up{repository="1"} ${up}`,
    `trellis_archive_gap{repository="1"} ${gap}`,
    `trellis_archive_window_start_timestamp_seconds{repository="1"} ${secondsAgo(72)}`,
  ].join("\n");

export const mirrorMetrics = (hours = 2) =>
  `trellis_mirror_store_up 1\ntrellis_mirror_success_timestamp{run="mirror"} ${secondsAgo(hours)}`;

/** The metrics of the backups' exporter, with some lines changed. */
export function backupMetrics(changes: Readonly<Record<string, number>> = {}): string {
  const values: Record<string, number> = {
    backup_store_up: 1,
    backup_last_success_timestamp: secondsAgo(3),
    backup_damaged_count: 0,
    backup_success_ratio: 1,
    ...Object.fromEntries(
      ["create", "drill", "copy"].flatMap((verb) => [
        [`backup_run_timestamp{verb="${verb}"}`, secondsAgo(3)],
        [`backup_run_good{verb="${verb}"}`, 1],
      ]),
    ),
    ...changes,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join("\n");
}

type Series = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
const node = { instance: "n1" };

const WELL: Readonly<Record<string, Series>> = {
  node_filesystem: [[node, 0.6]],
  node_timex_offset: [[node, 0.001]],
  node_timex_sync: [[node, 1]],
  trellis_etcd_snapshot: [[{}, secondsAgo(1)]],
  ALERTS: [[{ alertname: "Watchdog", severity: "none" }, 1]],
  "(up)": [[{ job: "kube-etcd" }, 1]],
};

/** Answers each query by a word in it. */
export function prometheusAnswers(changes: Readonly<Record<string, Series>> = {}) {
  const known = Object.entries({ ...WELL, ...changes });
  return (query: URLSearchParams) => {
    const expression = query.get("query") ?? "";
    const series = known.find(([word]) => expression.includes(word))?.[1] ?? [];
    const result = series.map(([metric, value]) => ({ metric, value: [0, String(value)] }));
    return {
      status: 200,
      body: JSON.stringify({ status: "success", data: { resultType: "vector", result } }),
    };
  };
}
