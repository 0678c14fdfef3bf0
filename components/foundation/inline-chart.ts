import { gzipSync } from "node:zlib";
import { stringify } from "yaml";

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
  const archive = tar([
    { path: `${name}/Chart.yaml`, content: stringify(chart) },
    ...crds.map((crd, index) => ({ path: `${name}/crds/${index}.yaml`, content: stringify(crd) })),
    ...manifests.map((manifest, index) => ({
      path: `${name}/templates/${index}.yaml`,
      content: literally(stringify(manifest)),
    })),
  ]);
  return gzipSync(archive, { level: 9 }).toString("base64");
}

/** Helm reads templates; ours hold none, and braces in them are meant as they stand. */
function literally(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}

const BLOCK = 512;

/** A tar archive without times or owners, so that equal content is an equal chart. */
function tar(files: ReadonlyArray<{ readonly path: string; readonly content: string }>): Buffer {
  const members = files.map(({ path, content }) => {
    const body = Buffer.from(content);
    const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
    return Buffer.concat([tarHeader(path, body.length), body, padding]);
  });
  return Buffer.concat([...members, Buffer.alloc(2 * BLOCK)]);
}

function tarHeader(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long for a tar header`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0");
  header.write(path, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148); // the checksum counts its own field as spaces
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 7)}\0 `, 148);
  return header;
}
