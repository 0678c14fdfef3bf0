import {
  type Artefact,
  type Evaluation,
  isRecord,
  networkZoneOf,
  type PlannedResource,
  type Value,
} from "../pulumi-monitor";
import { groupBy } from "../shared/grouping";
import { kubernetesObject } from "../shared/kubernetes-objects";

/** The content of the picture, from the planned resources. */
export interface Topology {
  readonly title: string;
  readonly subtitle: string;
  readonly front: Front;
  readonly zones: readonly Zone[];
  readonly network: string | undefined;
  readonly namespaces: readonly Namespace[];
}

/** Where external traffic enters. */
export interface Front {
  readonly kind: "Floating IP" | "Load balancer" | "DNS" | "Existing cluster";
  readonly addresses: readonly string[];
}

export interface Zone {
  readonly name: string;
  readonly locations: readonly { readonly name: string; readonly servers: readonly Server[] }[];
}

export interface Server {
  readonly name: string;
  readonly type: string;
  readonly publicAddress: string | undefined;
  readonly privateAddress: string | undefined;
  /** Whether keepalived elects it first to hold the floating IP. Whoever takes over keeps the address. */
  readonly active: boolean;
  readonly layers: readonly Layer[];
}

/** A role of a server, with a detail. */
export interface Layer {
  readonly kind: LayerKind;
  readonly title: string;
  readonly detail: string;
}

/** From the outside to the inside. */
export const LAYER_KINDS = ["edge", "k3s", "etcd"] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

export interface Namespace {
  readonly name: string;
  readonly workloads: readonly Workload[];
  /** The number of objects that run nothing. */
  readonly others: number;
}

export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly replicas: number | undefined;
}

const hcloud = (type: string) => `hcloud:index/${type}`;

export function topologyOf(evaluation: Evaluation, stack: { project: string; stack: string }): Topology {
  const { resources } = evaluation;
  const servers = serversOf(evaluation);
  const zones = zonesOf(servers);
  const network = ofType(resources, hcloud("network:Network"))[0];
  const range = network ? String(network.inputs.ipRange) : undefined;
  const existing = resources.filter(({ kind }) => kind === "custom").length;
  const places = zones.flatMap((zone) => zone.locations);
  return {
    title: `${stack.project} · ${stack.stack}`,
    subtitle: [
      servers.length > 0 && count(servers.length, "server"),
      places.length > 0 &&
        `${count(places.length, "location")} in ${zones.map(({ name }) => name).join(" and ")}`,
      servers.length > 1 && (range ? `private network ${range}` : "mesh over public addresses"),
      count(existing, "resource"),
    ]
      .filter((part) => part !== false)
      .join("  ·  "),
    front: frontOf(resources, servers),
    zones,
    network: range,
    namespaces: namespacesOf(resources),
  };
}

function ofType(resources: readonly PlannedResource[], type: string): PlannedResource[] {
  return resources.filter((resource) => resource.type === type && resource.kind === "custom");
}

interface PlacedServer extends Server {
  readonly location: string;
}

/** A server before it is known which of them holds the floating IP. */
type Candidate = Omit<PlacedServer, "active"> & { readonly priority: number };

function serversOf({ resources, artefacts }: Evaluation): PlacedServer[] {
  const texts = groupBy(artefacts, ({ path }) => path.split("/").slice(0, 2).join("/"));
  const servers = ofType(resources, hcloud("server:Server"))
    .map((server): Candidate => {
      const { inputs, outputs } = server;
      const name = String(inputs.name ?? server.name);
      const [network] = Array.isArray(inputs.networks) ? inputs.networks : [];
      const files = texts.get(`servers/${name}`) ?? [];
      return {
        name,
        type: String(inputs.serverType ?? ""),
        location: String(inputs.location ?? "somewhere"),
        publicAddress: text(outputs.ipv4Address),
        privateAddress: isRecord(network) ? text(network.ip) : undefined,
        priority: priorityIn(files),
        layers: layersOf(rolesOf(inputs.labels), files),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const [first] = servers.filter(({ priority }) => priority > 0).sort(byElection);
  return servers.map(({ priority: _, ...server }) => ({ ...server, active: server.name === first?.name }));
}

/** VRRP's election: the highest priority, then the highest address. */
function byElection(a: Candidate, b: Candidate): number {
  const [left, right] = [a, b].map(({ privateAddress = "" }) =>
    privateAddress.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
  );
  return b.priority - a.priority || (right ?? 0) - (left ?? 0);
}

/** keepalived's priority of a server; 0 without keepalived. */
function priorityIn(files: readonly Artefact[]): number {
  const text = files.find(({ path }) => path.includes("/keepalived.conf"))?.content ?? "";
  return Number(/^\s*priority (\d+)/m.exec(text)?.[1] ?? 0);
}

/** A server's labels contain its roles. */
function rolesOf(labels: Value | undefined): readonly string[] {
  return Object.keys(isRecord(labels) ? labels : {}).flatMap(
    (key) => /^trellis-role-(.+)$/.exec(key)?.[1] ?? [],
  );
}

function layersOf(roles: readonly string[], texts: readonly Artefact[]): Layer[] {
  // Matches by prefix, because some files are templates that the server completes.
  const named = (name: string) => texts.find(({ path }) => /[^/]+$/.exec(path)?.[0].startsWith(name));
  const haproxy = named("haproxy.cfg");
  const runs = [roles.includes("control-plane") && "API server", roles.includes("workload") && "workloads"];
  const k3s = runs.filter((part) => part !== false).join(" and ");
  return [
    ...(haproxy
      ? [
          {
            kind: "edge" as const,
            title: named("keepalived.conf") ? "HAProxy + keepalived" : "HAProxy",
            detail: boundPorts(haproxy.content)
              .map((port) => `:${port}`)
              .join(" "),
          },
        ]
      : []),
    ...(k3s ? [{ kind: "k3s" as const, title: "K3s", detail: k3s }] : []),
    ...(roles.includes("etcd")
      ? [{ kind: "etcd" as const, title: "etcd", detail: "state of the cluster" }]
      : []),
  ];
}

/** The ports of lines like `bind :443,:80 accept-proxy`, in their order. */
function boundPorts(haproxyConfig: string): number[] {
  const binds = [...haproxyConfig.matchAll(/^\s*bind\s+(\S+)/gm)].flatMap(([, addresses = ""]) =>
    addresses.split(","),
  );
  const ports = binds.flatMap((address) => /:(\d+)$/.exec(address)?.[1] ?? []).map(Number);
  return [...new Set(ports)].sort((a, b) => a - b);
}

function zonesOf(servers: readonly PlacedServer[]): Zone[] {
  const places = [...groupBy(servers, ({ location }) => location)].map(([name, servers]) => ({
    name,
    servers,
  }));
  return [...groupBy(places, ({ name }) => networkZoneOf(name) ?? "elsewhere")].map(([name, locations]) => ({
    name,
    locations,
  }));
}

function frontOf(resources: readonly PlannedResource[], servers: readonly Server[]): Front {
  const floating = ofType(resources, hcloud("floatingIp:FloatingIp"));
  if (floating.length > 0) return { kind: "Floating IP", addresses: addresses(floating, "ipAddress") };
  const balancers = ofType(resources, hcloud("loadBalancer:LoadBalancer"));
  if (balancers.length > 0) return { kind: "Load balancer", addresses: addresses(balancers, "ipv4") };
  if (servers.length === 0) return { kind: "Existing cluster", addresses: [] };
  return { kind: "DNS", addresses: servers.flatMap(({ publicAddress }) => publicAddress ?? []) };
}

function addresses(resources: readonly PlannedResource[], property: string): string[] {
  return resources.map(({ outputs }) => String(outputs[property]));
}

/** Kinds that run something, in the order of a card. */
const WORKLOADS = ["HelmChart", "StatefulSet", "Deployment", "DaemonSet", "CronJob", "Job", "Plan"];

function namespacesOf(resources: readonly PlannedResource[]): Namespace[] {
  const objects = resources.flatMap((resource) => kubernetesObject(resource, resource.inputs) ?? []);
  const inside = objects.flatMap((object) => {
    const namespace = object.kind === "Namespace" ? object.name : object.namespace;
    return namespace === undefined ? [] : [{ ...object, namespace }];
  });
  return [...groupBy(inside, homeOf)]
    .map(([name, objects]) => {
      const workloads = objects
        .filter(({ kind }) => WORKLOADS.includes(kind))
        .map(({ kind, name, manifest }): Workload => {
          const spec = isRecord(manifest.spec) ? manifest.spec : {};
          return { kind, name, replicas: typeof spec.replicas === "number" ? spec.replicas : undefined };
        })
        .sort((a, b) => WORKLOADS.indexOf(a.kind) - WORKLOADS.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
      return { name, workloads, others: objects.length - workloads.length };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** A HelmChart is created in one namespace and runs in another. */
function homeOf({
  kind,
  namespace,
  manifest,
}: {
  kind: string;
  namespace: string;
  manifest: object;
}): string {
  const spec = "spec" in manifest && isRecord(manifest.spec) ? manifest.spec : {};
  return kind === "HelmChart" && typeof spec.targetNamespace === "string" ? spec.targetNamespace : namespace;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
