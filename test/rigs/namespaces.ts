import { gunzipSync } from "node:zlib";
import type { Evaluation } from "../../cli/pulumi-monitor";

/** The namespaces of all Kubernetes objects and of all host names in them, the objects of inline charts included. */
export function namespacesIn(resources: Evaluation["resources"]): string[] {
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const found = objects.flatMap(({ inputs }) => {
    const { chartContent, targetNamespace } = Object(inputs.spec);
    const chart = chartContent ? gunzipSync(Buffer.from(chartContent, "base64")).toString() : "";
    const homes = chart
      ? [targetNamespace, ...[...chart.matchAll(/^ {2}namespace: (\S+)$/gm)].map(([, name]) => name)]
      : [Object(inputs.metadata).namespace];
    return [...homes, ...hostsIn(chart), ...hostsIn(JSON.stringify(inputs))];
  });
  const names = resources.filter(({ type }) => type.endsWith(":CertRequest"));
  return [...new Set([...found, ...names.flatMap(({ inputs }) => hostsIn(JSON.stringify(inputs)))])].sort();
}

const hostsIn = (text: string) =>
  [...text.matchAll(/\.([a-z0-9-]+)\.svc\b/g)].map(([, name]) => String(name));
