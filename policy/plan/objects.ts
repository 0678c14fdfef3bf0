import { gunzipSync } from "node:zlib";
import { parse, parseAllDocuments } from "yaml";
import { untar } from "../../components/shared/tar";
import { type Fields, fields, isFields, text } from "./fields";
import { remembered } from "./remembered";
import { type PlannedResource, SERVER } from "./resource";
import type { ServerFiles } from "./user-data";

/** A Kubernetes object that the plan creates: itself, or through a chart or a server's user data. */
export interface PlannedObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** @default none: the object belongs to the cluster */
  readonly namespace?: string;
  readonly manifest: Fields;
  /** The name by which findings and exemptions refer to it: `Deployment airflow/airflow-scheduler`. */
  readonly subject: string;
  /** The resource that carries it. */
  readonly carrier: PlannedResource;
  /** Whether the object is the resource, not a part of a chart or of user data. */
  readonly direct: boolean;
}

/** Every Kubernetes object of a plan. An object that several servers carry unchanged is listed once. */
export function objectsOf(
  resources: readonly PlannedResource[],
  serverFiles: ReadonlyMap<string, ServerFiles>,
): PlannedObject[] {
  const found = new Map<string, PlannedObject>();
  for (const object of resources.flatMap((each) => objectsIn(each, serverFiles.get(each.urn)))) {
    const { carrier, subject, manifest } = object;
    const key = `${subject} ${carrier.type === SERVER ? JSON.stringify(manifest) : carrier.urn}`;
    if (!found.has(key)) found.set(key, object);
  }
  return [...found.values()];
}

function objectsIn(carrier: PlannedResource, files: ServerFiles = new Map()): PlannedObject[] {
  if (carrier.type === SERVER) return manifestsOnServer(carrier, files);
  return carrier.type.startsWith("kubernetes:") ? objectsOfResource(carrier) : [];
}

const objectsOfResource = remembered((carrier: PlannedResource): PlannedObject[] => {
  const own = objectOf(carrier.inputs, carrier, true);
  if (!own) return [];
  return own.kind === "HelmChart" ? [own, ...chartObjects(own)] : [own];
});

function objectOf(
  manifest: Fields,
  carrier: PlannedResource,
  direct: boolean,
  namespaceOfChart?: string,
): PlannedObject | undefined {
  const { kind, apiVersion } = manifest;
  if (typeof kind !== "string" || typeof apiVersion !== "string") return undefined;
  const metadata = fields(manifest.metadata);
  const name = text(metadata.name) ?? carrier.name;
  const namespace =
    text(metadata.namespace) ?? (/^Cluster|^Namespace$/.test(kind) ? undefined : namespaceOfChart);
  const subject = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  return {
    kind,
    apiVersion,
    name,
    ...(namespace !== undefined && { namespace }),
    manifest,
    subject,
    carrier,
    direct,
  };
}

/** The objects of an inline chart. A chart from a repository is not rendered here: only its values are known. */
function chartObjects({ manifest, carrier }: PlannedObject): PlannedObject[] {
  const { chartContent, targetNamespace } = fields(manifest.spec);
  if (typeof chartContent !== "string" || !chartContent.startsWith("H4sI")) return [];
  const files = untar(gunzipSync(Buffer.from(chartContent, "base64")));
  return [...files]
    .filter(([path]) => path.includes("/templates/"))
    .flatMap(([, content]) => {
      const object: unknown = parse(content.replaceAll('{{ "{{" }}', "{{"));
      return isFields(object) ? (objectOf(object, carrier, false, text(targetNamespace)) ?? []) : [];
    });
}

/** K3s applies the manifests in this folder. */
const MANIFESTS = /^\/var\/lib\/rancher\/k3s\/server\/manifests\/.*\.ya?ml$/;

function manifestsOnServer(carrier: PlannedResource, files: ServerFiles): PlannedObject[] {
  return [...files]
    .filter(([path]) => MANIFESTS.test(path))
    .flatMap(([, content]) => documentsIn(content))
    .flatMap((object) => (isFields(object) ? (objectOf(object, carrier, false) ?? []) : []));
}

/** The documents of a manifest by its text: most servers have the same. */
const parsed = new Map<string, readonly unknown[]>();

function documentsIn(content: string): readonly unknown[] {
  const found = parsed.get(content) ?? parseAllDocuments(content).map((document): unknown => document.toJS());
  parsed.set(content, found);
  return found;
}
