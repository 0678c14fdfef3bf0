import { fields } from "../plan";
import { findings, type Rule } from "./rule";

export const chartsByDigest: Rule = {
  name: "charts-by-digest",
  reason:
    "Whoever can push to a chart's repository can change what a version installs, with the rights of K3s' Helm controller.",
  remedy:
    "Name the chart by digest (oci://registry/name@sha256:...), or put it into the HelmChart as chartContent.",
  scope: "resource",
  check: ({ objects }) =>
    objects
      .filter(({ kind, apiVersion }) => kind === "HelmChart" && apiVersion.startsWith("helm.cattle.io/"))
      .flatMap(({ subject, manifest }) => findings(subject, [fault(fields(manifest.spec))])),
};

function fault({ chart, chartContent }: Readonly<Record<string, unknown>>): string | undefined {
  if (chartContent !== undefined) return undefined;
  if (typeof chart === "string" && /^oci:\/\/.+@sha256:[0-9a-f]{64}$/.test(chart)) return undefined;
  return `the chart ${String(chart)} has no digest`;
}
