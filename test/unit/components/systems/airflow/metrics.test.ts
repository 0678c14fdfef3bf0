import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dashboard } from "../../../../../components/systems/airflow";
import { airflowAlerts } from "../../../../../components/systems/airflow/alerts";
import { AIRFLOW_PANELS } from "../../../../../components/systems/airflow/dashboards";
import { METRICS, seriesNames } from "../../../../../components/systems/airflow/metrics";
import { dataSurfacePanels } from "../../../../../components/systems/datasurface/dashboard";
import { evaluateAirflow } from "../../../../rigs/airflow/in-cluster";
import { ACCEPTANCE } from "../../../../rigs/airflow/model";

const PANELS = [...AIRFLOW_PANELS, ...dataSurfacePanels(ACCEPTANCE.model.ecosystem.platforms)];

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
    const { title, panels } = JSON.parse(dashboard("trellis-airflow", "Airflow", AIRFLOW_PANELS));
    expect(title).toBe("Airflow");
    expect(panels.map(({ id }: { id: number }) => id)).toEqual(AIRFLOW_PANELS.map((_, index) => index + 1));
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
      expect(sections, alert).toContain(annotations.runbook.split("#")[1]);
    }
  });
});
