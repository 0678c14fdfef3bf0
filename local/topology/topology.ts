import { groupBy } from "../grouping";
import { kubernetesObject } from "../kubernetes-objects";
import { type Evaluation, isRecord, networkZoneOf, type PlannedResource } from "../monitor";

/** What the picture shows, read from what was declared. */
export interface Topology {
  readonly title: string;
  readonly subtitle: string;
  readonly front: Front;
  readonly zones: readonly Zone[];
  readonly network: string | undefined;
  readonly namespaces: readonly Namespace[];
}

/** What takes in the traffic from outside. */
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
  readonly programs: readonly Program[];
  /** The ports that its HAProxy listens on. */
  readonly ports: readonly number[];
}

/** The layers of a server, from the outside in. */
export const PROGRAMS = ["haproxy", "keepalived", "k3s", "etcd"] as const;
export type Program = (typeof PROGRAMS)[number];

export interface Namespace {
  readonly name: string;
  readonly workloads: readonly Workload[];
  /** Objects that run nothing themselves. */
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

function serversOf({ resources, artefacts }: Evaluation): PlacedServer[] {
  const attachments = ofType(resources, hcloud("serverNetwork:ServerNetwork"));
  return ofType(resources, hcloud("server:Server"))
    .map((server): PlacedServer => {
      const name = String(server.inputs.name ?? server.name);
      const attachment = attachments.find(({ inputs }) => String(inputs.serverId) === server.id);
      const [own] = Array.isArray(server.inputs.networks) ? server.inputs.networks : [];
      const privateAddress = attachment?.inputs.ip ?? (isRecord(own) ? own.ip : undefined);
      const folder = `servers/${name}/`;
      const texts = artefacts
        .filter(({ path }) => path.startsWith(folder))
        .map(({ path, content }) => ({ path: path.slice(folder.length), content }));
      return {
        name,
        type: String(server.inputs.serverType ?? ""),
        location: String(server.inputs.location ?? "somewhere"),
        publicAddress: text(server.outputs.ipv4Address),
        privateAddress: text(privateAddress),
        programs: PROGRAMS.filter((program) => texts.some(({ path }) => path.includes(program))),
        ports: boundPorts(texts.find(({ path }) => path.endsWith("haproxy.cfg"))?.content ?? ""),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** The ports in `bind :443,:80 accept-proxy` and the like, in their order. */
function boundPorts(haproxyConfig: string): number[] {
  const binds = [...haproxyConfig.matchAll(/^\s*bind\s+(\S+)/gm)].flatMap(([, addresses = ""]) =>
    addresses.split(","),
  );
  const ports = binds.flatMap((address) => Number(/:(\d+)$/.exec(address)?.[1] ?? Number.NaN));
  return [...new Set(ports.filter((port) => !Number.isNaN(port)))].sort((a, b) => a - b);
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

/** What runs something, in the order in which a card lists it. */
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

/** A HelmChart is laid down in one namespace and runs in another. */
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
