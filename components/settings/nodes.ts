import {
  type Location,
  locationNames,
  type NetworkZone,
  SERVER_TYPES,
  type ServerTypeName,
  zoneOf,
} from "./hetzner-catalogue";
import type { HetznerTarget, Role, ServerGroup } from "./schema";
import { addressIn } from "./values";

/** A server of the cluster. Its properties do not depend on its position in the settings. */
export interface Node {
  /** `ubuntu-<memory>-<location>-<number>`, for instance `ubuntu-8gb-hil-1`. */
  readonly name: string;
  readonly location: Location;
  /** The network zone of the location. */
  readonly zone: NetworkZone;
  /** Unique within the location. */
  readonly number: number;
  /** The server types in order of preference: the program takes the first that is in stock. */
  readonly types: readonly ServerTypeName[];
  /** The memory in GB, the same for all of its types. */
  readonly memoryGb: number;
  /** The CPU architecture, the same for all of its types. */
  readonly architecture: "amd64" | "arm64";
  /** What runs on it: an etcd member, the control plane, workload. K3s runs on every server. */
  readonly roles: readonly Role[];
  /** Labels of its node beside the usual ones. */
  readonly labels: Readonly<Record<string, string>>;
  /** The fixed address in the private network. @default none: a mesh uses public addresses */
  readonly privateAddress?: string;
}

/**
 * How servers reach each other: through a private network, which spans one network zone, or across several zones
 * through a mesh over public addresses.
 */
export type Fabric = "private-network" | "mesh";

export function fabricOf(groups: readonly ServerGroup[]): Fabric {
  return new Set(groups.map((group) => zoneOf(group.location))).size > 1 ? "mesh" : "private-network";
}

/** The nodes of a target, in the order of their names. Each depends only on its own entry in the settings. */
export function nodesOf(target: Pick<HetznerTarget, "servers" | "network">): Node[] {
  const fabric = fabricOf(target.servers);
  return target.servers
    .flatMap((group) => numbersOf(group).map((number) => node(group, number, target.network.servers, fabric)))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

export function numbersOf(group: ServerGroup): readonly number[] {
  return group.numbers ?? Array.from({ length: group.count ?? 1 }, (_, index) => index + 1);
}

function node(
  group: ServerGroup,
  number: number,
  range: HetznerTarget["network"]["servers"],
  fabric: Fabric,
): Node {
  const [wanted] = group.types;
  if (!wanted) throw new Error("a group of servers without a type passed the schema");
  const { memoryGb, architecture } = SERVER_TYPES[wanted];
  return {
    name: nodeName(memoryGb, group.location, number),
    location: group.location,
    zone: zoneOf(group.location),
    number,
    types: group.types,
    memoryGb,
    architecture,
    roles: group.roles,
    labels: group.labels,
    ...(fabric === "private-network" && { privateAddress: privateAddress(range, group.location, number) }),
  };
}

function nodeName(memoryGb: number, location: Location, number: number): string {
  return `ubuntu-${memoryGb}gb-${location}-${number}`;
}

/** The first address for servers in a location's block. Those below are for the network and for load balancers. */
const FIRST_HOST = 10;

/** Each location has a block of 256 addresses. So an address depends on its own node only, and shows its location. */
function privateAddress(
  range: HetznerTarget["network"]["servers"],
  location: Location,
  number: number,
): string {
  return addressIn(range, (locationNames.indexOf(location) + 1) * 256 + FIRST_HOST + number - 1);
}

export const hasRole = (role: Role) => (node: Pick<Node, "roles">) => node.roles.includes(role);
