import { parse, parseAllDocuments } from "yaml";
import { parseSettings } from "../../../components/settings";
import { type PlannedObject, planOf } from "../../../policy/plan";
import { evaluatePlatform } from "../platform/platform";
import type { Rendered } from "../rendered-objects";

/** What a stack hands to its ingress: the objects that Traefik and cert-manager read, and those around them. */
export interface RenderedIngress {
  readonly namespaces: readonly Rendered[];
  /** Roles and bindings of Traefik. */
  readonly rights: readonly Rendered[];
  /** Ingresses, their Services, and Traefik's own objects. */
  readonly objects: readonly Rendered[];
  readonly clusterIssuer: Rendered;
  /** Values for Traefik's chart in a Secret. */
  readonly values: (secret: string, key: string) => string;
}

const KINDS = ["Ingress", "Service", "Middleware", "ServersTransport"];

/** What several stacks hand to it: the first one's objects, and what only the others have an Ingress for. */
export async function renderedIngress(stacks: readonly Record<string, unknown>[]): Promise<RenderedIngress> {
  const all: RenderedIngress[] = [];
  for (const raw of stacks) all.push(await renderedFor(raw));
  const [first] = all;
  if (!first) throw new Error("there is no stack");
  const key = ({ kind, metadata }: Rendered) => `${kind} ${metadata.namespace}/${metadata.name}`;
  const objects = new Map(
    [...all].reverse().flatMap((each) => each.objects.map((object) => [key(object), object])),
  );
  return { ...first, objects: [...objects.values()] };
}

async function renderedFor(raw: Record<string, unknown>): Promise<RenderedIngress> {
  const { resources, artefacts: rendered } = await evaluatePlatform(raw, "prod");
  const { objects } = planOf({ settings: parseSettings(raw), resources, rendered });
  const ofKind = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
  const manifest = ({ manifest: each, namespace }: PlannedObject): Rendered => {
    const { metadata, ...rest } = each as Rendered;
    return { ...rest, metadata: { ...metadata, ...(namespace && { namespace }) } };
  };
  const [issuer] = ofKind("ClusterIssuer");
  const grafana = ofKind("HelmChart").find(({ name }) => name === "kube-prometheus-stack");
  if (!issuer || !grafana) throw new Error("the stack has no issuer or no Grafana");
  const served = ofKind(...KINDS).map(manifest);
  const withIngress = new Set(served.filter(({ kind }) => kind === "Ingress").map(namespaceOf)).add(
    "monitoring",
  );
  return {
    namespaces: ofKind("Namespace").map(manifest),
    rights: ofKind("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
      .filter(({ name }) => name === "trellis-traefik")
      .map(manifest),
    objects: [
      ...served.filter((each) => withIngress.has(namespaceOf(each))),
      ...grafanaObjects(parse((grafana.manifest as Rendered).spec.valuesContent).grafana.ingress),
    ],
    clusterIssuer: manifest(issuer),
    values: (secret, key) => {
      const found = ofKind("Secret").find(({ name }) => name === secret);
      const value = (found?.manifest as Rendered)?.stringData?.[key];
      if (typeof value !== "string") throw new Error(`the stack has no Secret ${secret} with ${key}`);
      return value;
    },
  };
}

const namespaceOf = ({ metadata }: Rendered): string => metadata.namespace;

const GRAFANA = "kube-prometheus-stack-grafana";

/** What Grafana's chart makes of the values of its Ingress. */
function grafanaObjects({ ingressClassName, annotations, hosts, tls }: Rendered): Rendered[] {
  const metadata = { name: GRAFANA, namespace: "monitoring" };
  const backend = { service: { name: GRAFANA, port: { number: 80 } } };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { ports: [{ name: "http-web", port: 80, targetPort: "grafana" }] },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { ...metadata, annotations },
      spec: {
        ingressClassName,
        tls,
        rules: hosts.map((host: string) => ({
          host,
          http: { paths: [{ path: "/", pathType: "Prefix", backend }] },
        })),
      },
    },
  ];
}

/** The objects in a file of definitions. */
export const documentsIn = (text: string): unknown[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((each) => each);
