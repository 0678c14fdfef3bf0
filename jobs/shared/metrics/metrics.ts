import { Counter, Gauge, Registry } from "prom-client";
import { json, problem, type Reply } from "../http";

/** A metric with the value for each set of labels. */
export interface GaugeFamily {
  readonly name: string;
  /** Description for the HELP line. */
  readonly help: string;
  /** @default gauge */
  readonly type?: "gauge" | "counter" | undefined;
  readonly samples: readonly GaugeSample[];
}

export interface GaugeSample {
  /** The labels of the sample. @default none */
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Undefined: the sample is omitted. */
  readonly value: number | undefined;
}

/** Metrics in Prometheus' text format; a family without a known value is omitted. */
export async function metricsText(families: readonly GaugeFamily[]): Promise<string> {
  const registry = new Registry();
  for (const { name, help, type, samples } of families) {
    const known = samples.filter(({ value }) => value !== undefined);
    const [first] = known;
    if (!first) continue;
    const labelNames = Object.keys(first.labels ?? {});
    const metric = new (type === "counter" ? Counter : Gauge)({
      ...{ name, help, labelNames },
      registers: [registry],
    });
    for (const { labels = {}, value = 0 } of known) metric.inc({ ...labels }, value);
  }
  return registry.metrics();
}

/** An exporter's reply: metrics at /metrics, and /health for probes. */
export async function exporterReply(
  { pathname }: URL,
  families: () => Promise<readonly GaugeFamily[]>,
): Promise<Reply> {
  if (pathname === "/health") return json(200, { status: "ok" });
  if (pathname !== "/metrics") return problem(404, "the metrics are at /metrics");
  return { status: 200, type: Registry.PROMETHEUS_CONTENT_TYPE, body: await metricsText(await families()) };
}
