import { describe, expect, it } from "vitest";
import { evaluatePlatform } from "../../../rigs/platform/platform";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

const VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT";
const ENDPOINT = "http://collector.observability.svc:4318";

describe("traces", async () => {
  const plan = async (traces: object) => {
    const { monitoring } = rawSettings("prod") as { monitoring?: object };
    const settings = withValue(rawSettings("prod"), "monitoring", { ...monitoring, traces });
    return (await evaluatePlatform(settings, "prod")).resources;
  };
  const traced = await plan({ endpoint: ENDPOINT });
  const containers = (resources: typeof traced) =>
    resources.flatMap(({ inputs }) => Object(Object(Object(inputs).spec).template?.spec).containers ?? []);
  const dags = (resources: typeof traced) =>
    resources
      .filter(({ name }) => name === "airflow-dags")
      .map(({ inputs }) => JSON.stringify(inputs))
      .join();

  it("are sent nowhere unless the settings name a collector", async () => {
    const resources = await plan({});
    expect(JSON.stringify(containers(resources))).not.toContain(VARIABLE);
    expect(dags(resources)).toContain("trellis_factory.py");
    expect(dags(resources)).not.toContain(VARIABLE);
    expect(resources.filter(({ name }) => name.endsWith("-allow-traces"))).toEqual([]);
  });

  it("of Airflow and of its jobs go to the collector, which the policies allow alone", () => {
    const tellsWhere = ({ env = [] }: { env?: { name: string; value?: string }[] }) =>
      env.some(({ name, value }) => name === VARIABLE && value === ENDPOINT);
    const airflow = containers(traced).filter(({ env = [] }) =>
      env.some(({ name }: { name: string }) => name === "AIRFLOW__CORE__EXECUTOR"),
    );
    expect(airflow.length).toBeGreaterThan(3);
    for (const container of airflow) {
      expect(tellsWhere(container)).toBe(true);
      expect(container.env).toContainEqual({ name: "AIRFLOW__TRACES__OTEL_ON", value: "True" });
    }
    expect(dags(traced)).toContain(VARIABLE);
    const policies = traced
      .filter(({ name }) => name.endsWith("-allow-traces"))
      .map(({ inputs }) => Object(inputs));
    expect(policies.map(({ metadata }) => metadata.namespace).sort()).toEqual(["airflow", "datasurface"]);
    for (const { spec } of policies)
      expect(spec.egress).toEqual([
        {
          to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "observability" } } }],
          ports: [{ port: 4318, protocol: "TCP" }],
        },
      ]);
  });
});
