import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { tar } from "../../shared/tar";

export type Manifest = Readonly<Record<string, unknown>>;

export interface InlineChart {
  readonly name: string;
  /** Applied before the manifests, and kept when the chart goes. */
  readonly crds?: readonly Manifest[];
  readonly manifests: readonly Manifest[];
}

/**
 * A Helm chart as K3s' HelmChart takes it inline: for objects whose CRDs arrive only when the cluster has installed
 * their add-on. The cluster retries until they do; a preview needs neither the CRDs nor a chart repository.
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

/** Helm reads templates; ours hold none, and braces in them are meant as they stand. */
function literally(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}
