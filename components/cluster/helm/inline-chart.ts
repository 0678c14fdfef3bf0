import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { tar } from "../../shared/tar";

export type Manifest = Readonly<Record<string, unknown>>;

export interface InlineChart {
  /** Name of the chart and of the top folder in its archive. */
  readonly name: string;
  /** Applied before the manifests, and kept when the chart is uninstalled. @default none */
  readonly crds?: readonly Manifest[];
  /** The chart's objects. Braces in them are kept as they are: nothing is a Helm template. */
  readonly manifests: readonly Manifest[];
}

/**
 * Packs objects into an inline chart for a HelmChart resource. Use it for objects whose CRDs exist only after the
 * cluster has installed another add-on. The cluster retries until they exist, and a preview needs neither the CRDs nor
 * a chart repository.
 */
export function inlineChart({ name, crds = [], manifests }: InlineChart): string {
  const chart = {
    apiVersion: "v2",
    name,
    version: "1.0.0",
    description: "Objects that need CRDs of add-ons",
  };
  const file = (path: string, content: string) => ({
    path: `/${name}/${path}`,
    content,
    mode: "0644",
    owner: "root:root",
  });
  const archive = tar([
    file("Chart.yaml", stringify(chart)),
    ...crds.map((crd, index) => file(`crds/${index}.yaml`, stringify(crd))),
    ...manifests.map((manifest, index) => file(`templates/${index}.yaml`, literally(stringify(manifest)))),
  ]);
  return gzipSync(archive, { level: 9 }).toString("base64");
}

/** Escapes braces: Helm renders every manifest as a template, and ours contain no template. */
function literally(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}
