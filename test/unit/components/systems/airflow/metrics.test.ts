import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderedDashboard } from "../../../../../components/shared/workloads";
import { airflowAlerts } from "../../../../../components/systems/airflow/alerts";
import { METRICS, seriesNames } from "../../../../../components/systems/airflow/metrics";
import { airflowMonitoring } from "../../../../../components/systems/airflow/monitoring";
import { dataSurfaceMonitoring } from "../../../../../components/systems/datasurface/monitoring";
import { evaluateAirflow } from "../../../../rigs/airflow/in-cluster";
import { ACCEPTANCE } from "../../../../rigs/airflow/model";

const DASHBOARDS = [airflowMonitoring, dataSurfaceMonitoring(ACCEPTANCE.model.ecosystem.platforms)].flatMap(
  ({ dashboard }) => dashboard ?? [],
);
const PANELS = DASHBOARDS.flatMap(({ panels }) => panels);

/** The names of series in an expression. */
const namesIn = (expr: string) => [...expr.matchAll(/\bairflow_[a-z_]+/g)].map(([name]) => name);

describe("what is known of Airflow", () => {
  it("has every series that a panel or an alert asks for", () => {
    const questions = [...PANELS.map(({ expr }) => expr), ...airflowAlerts().map(({ expr }) => expr)];
    const asked = questions.flatMap(namesIn);
    expect(asked.length).toBeGreaterThan(questions.length - 2);
    expect([...seriesNames()]).toEqual(expect.arrayContaining(asked));
  });

  it("is asked for by a panel or an alert, so that nothing is kept that nobody reads", () => {
    const asked = [...PANELS, ...airflowAlerts()].map(({ expr }) => expr).join("\n");
    const unread = METRICS.filter(({ name }) => !asked.includes(name)).map(({ name }) => name);
    expect(unread).toEqual([]);
  });

  it("is shown by dashboards that Grafana finds and reads", async () => {
    expect(DASHBOARDS.map(({ title }) => title)).toEqual(["Airflow", "DataSurface"]);
    for (const each of DASHBOARDS) {
      const rendered: unknown = JSON.parse(renderedDashboard(each));
      const ids = each.panels.map((_, index) => expect.objectContaining({ id: index + 1 }));
      expect(rendered).toMatchObject({ title: each.title, panels: ids });
    }
    const { resources } = await evaluateAirflow();
    const found = resources.filter(
      ({ inputs }) => Object(Object(inputs.metadata).labels).grafana_dashboard === "1",
    );
    expect(found.map(({ inputs }) => Object.keys(Object(inputs.data)))).toEqual([["airflow.json"]]);
  });

  it("costs nothing where nobody collects", async () => {
    const { resources } = await evaluateAirflow({ monitoring: false });
    expect(JSON.stringify(resources.map(({ inputs }) => inputs))).not.toMatch(/statsd/i);
  });

  it("leads each alert to a section of the runbook", () => {
    const sections = readFileSync("docs/runbooks/airflow.md", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .map((line) => line.slice(3).toLowerCase().replaceAll(" ", "-"));
    for (const { alert, annotations } of airflowAlerts()) {
      expect(sections, alert).toContain(annotations.runbook_url.split("#")[1]);
    }
  });
});
