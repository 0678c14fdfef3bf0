import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alertCatalogue } from "../../../cli/docs/runbooks";
import { gardenosDashboard } from "../../../components/systems/gardenos/dashboard";
import { RECORDINGS } from "../../../components/systems/operations";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, repository } from "../../rigs/platform/stacks";

/** Names that real programs expose, and those of documented exporters; see record.sh beside them. */
const folder = join(repository, "test", "rigs", "alerting", "metric-names");
const exposed = new Set(
  readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "" && !line.startsWith("#")),
);

for (const { record } of RECORDINGS) exposed.add(record);

/** The text of our own exporters: the jobs, Airflow's mapping, and the scripts of the servers' timers. */
const sources = [
  ["jobs", /\.ts$/],
  ["components/systems/airflow", /metrics\.ts$/],
  ["components/servers", /\.(ts|sh)$/],
] as const;
const own = sources
  .flatMap(([place, wanted]) =>
    readdirSync(join(repository, place), { recursive: true, encoding: "utf8" })
      .filter((path) => wanted.test(path) && !path.includes("node_modules") && !path.endsWith("alerts.ts"))
      .map((path) => readFileSync(join(repository, place, path), "utf8")),
  )
  .join("\n");

/** Prefixes that an exporter puts before the names in its source. */
const PREFIXES =
  /^(trellis_discovery|trellis_archive_check|trellis_archive|trellis_postgres|trellis_mirror|trellis_etcd|trellis_health|backup|agents)_/;

function isExposed(metric: string): boolean {
  if (exposed.has(metric)) return true;
  const base = metric.replace(/_(bucket|count|sum)$/, "");
  const bare = metric.replace(PREFIXES, "");
  return [metric, base].some((name) => own.includes(name)) || (bare !== metric && own.includes(`"${bare}"`));
}

/** It compares the time with a day that the settings name. */
const BY_THE_CLOCK = "GardenOSKeysEnd";

const KEYWORDS = new Set(["and", "or", "unless", "on", "by", "without", "bool", "offset", "ignoring"]);

/** The metrics that a PromQL expression reads. */
function metricsOf(expr: string): string[] {
  const bare = expr
    .replace(/"(\\.|[^"])*"|'(\\.|[^'])*'/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/\b(by|on|without|ignoring) *\([^)]*\)/g, "")
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\boffset +\w+/g, "");
  return [...bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)\b(?! *\()/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !KEYWORDS.has(name));
}

const unknown = (expr: string) => metricsOf(expr).filter((metric) => !isExposed(metric));

it("the metrics of an expression are found", () => {
  expect(
    metricsOf(
      'sum by (a) (rate(x_total{b="c"}[5m])) / on (d) max(y:z) offset 5m > 0.5 unless absent(up) == 1',
    ),
  ).toEqual(["x_total", "y:z", "up"]);
  expect(unknown("max(patroni_leader)")).toEqual(["patroni_leader"]);
});

it.each(RECORDINGS.map(({ record, labels, expr }) => [labels?.promise ?? record, expr] as const))(
  "the recording %s reads metrics that exist",
  (_, expr) => {
    expect(metricsOf(expr).length).toBeGreaterThan(0);
    expect(unknown(expr)).toEqual([]);
  },
);

it.each(alertCatalogue().map(({ alert, expr }) => [alert, expr] as const))(
  "the alert %s reads metrics that exist",
  (alert, expr) => {
    if (alert !== BY_THE_CLOCK) expect(metricsOf(expr).length).toBeGreaterThan(0);
    expect(unknown(expr)).toEqual([]);
  },
);

describe("a panel of prod's dashboards", async () => {
  const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
  const dashboards = resources
    .filter(({ inputs }) => Object(Object(inputs.metadata).labels).grafana_dashboard === "1")
    .flatMap(({ inputs }) => Object.values(Object(inputs.data)))
    .map((text) => JSON.parse(String(text)));

  it("is one of many", () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual([
      "trellis-airflow",
      "trellis-datasurface",
      "trellis-etcd",
      "trellis-minio",
      "trellis-overview",
      "trellis-postgres",
      "trellis-rain",
    ]);
  });

  it.each(
    dashboards.flatMap(({ title, panels }) =>
      panels.map((panel: { title: string; targets: { expr: string }[] }) => [
        `${title}: ${panel.title}`,
        panel.targets.map(({ expr }) => expr).join(" or "),
      ]),
    ) as [string, string][],
  )("%s reads metrics that exist", (_, expr) => {
    expect(metricsOf(expr).length).toBeGreaterThan(0);
    expect(unknown(expr)).toEqual([]);
  });
});

it("the panels of GardenOS' dashboard read metrics that exist", () => {
  const { panels } = gardenosDashboard("gardenos", ["auth", "rest", "storage", "workers"]);
  expect(panels.length).toBe(10);
  for (const { title, expr } of panels) {
    expect(metricsOf(expr).length, title).toBeGreaterThan(0);
    expect(unknown(expr), title).toEqual([]);
  }
});
