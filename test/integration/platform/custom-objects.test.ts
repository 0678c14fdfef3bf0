import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { versions } from "../../../components/shared/versions";
import { objectsIn } from "../../rigs/alerting/declared";
import {
  customViolations,
  isCustom,
  recordedSchemas,
} from "../../rigs/kubernetes/definitions/custom-objects";
import { KUBERNETES_VALIDATE } from "../../rigs/kubernetes/validate";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings } from "../../rigs/platform/stacks";
import { describeWith } from "../../rigs/programs";

describeWith([KUBERNETES_VALIDATE], "the custom objects of prod", async () => {
  const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
  const objects = resources.flatMap(({ inputs }) => [inputs, ...objectsIn(inputs)]).filter(isCustom);

  it("are what their definitions allow, without a field too many", () => {
    const kinds = new Set(objects.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      "ClusterIssuer",
      "HelmChart",
      "Middleware",
      "Plan",
      "PodMonitor",
      "PrometheusRule",
      "ServersTransport",
      "ServiceMonitor",
    ]);
    expect(customViolations(objects)).toEqual([]);
  });

  it("are so in the values of Prometheus' chart too, which makes them itself", () => {
    const chart = objects.find(({ metadata }) => Object(metadata).name === "kube-prometheus-stack");
    const { additionalPrometheusRulesMap, prometheus } = parse(Object(chart).spec.valuesContent);
    const apiVersion = "monitoring.coreos.com/v1";
    const monitors = prometheus.additionalPodMonitors.map(({ name, ...spec }: { name: string }) => ({
      ...{ apiVersion, kind: "PodMonitor", metadata: { name } },
      spec,
    }));
    const rules = Object.entries(additionalPrometheusRulesMap).map(([name, spec]) => ({
      ...{ apiVersion, kind: "PrometheusRule", metadata: { name } },
      spec,
    }));
    expect([monitors.length, rules.length]).toEqual([2, 4]);
    expect(customViolations([...monitors, ...rules])).toEqual([]);
  });

  it("would be refused for a field that a definition does not know, and for a wrong type", () => {
    const monitor = structuredClone(objects.find(({ kind }) => kind === "PodMonitor"));
    const { spec } = Object(monitor);
    spec.podMetricsEndpoints[0].intervall = "30s";
    spec.selector = "app";
    expect(customViolations([Object(monitor)]).join("\n")).toMatch(
      /'app' is not of type 'object'.*'intervall' was unexpected|'intervall' was unexpected.*'app' is not of type/s,
    );
  });
});

describe("the recorded schemas", () => {
  it("are those of the pinned releases", () => {
    const modules = new Set(Object.values(recordedSchemas()).map(({ module }) => module));
    expect(modules).toContain(`github.com/cert-manager/cert-manager@${versions.certManager.version}`);
    expect(modules).toContain(
      `github.com/rancher/system-upgrade-controller@${versions.systemUpgradeController.version}`,
    );
  });
});
