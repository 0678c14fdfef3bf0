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

/** A server of the cluster, as everything else knows it. Nothing here depends on its place in the settings. */
export interface Node {
  /** `ubuntu-<memory>-<location>-<number>`, for instance `ubuntu-8gb-hil-1`. */
  readonly name: string;
  readonly location: Location;
  readonly zone: NetworkZone;
  /** Unique within the location. */
  readonly number: number;
  /** The wanted server type, then its stand-ins. */
  readonly types: readonly ServerTypeName[];
  readonly memoryGb: number;
  readonly architecture: "amd64" | "arm64";
  readonly roles: readonly Role[];
  /** Its fixed address in the private network; absent in a mesh over public addresses. */
  readonly privateAddress?: string;
}

/**
 * How servers reach each other: a private network of Hetzner spans one network zone; across zones they form a
 * mesh over public addresses.
 */
export type Fabric = "private-network" | "mesh";

export function fabricOf(groups: readonly ServerGroup[]): Fabric {
  return new Set(groups.map((group) => zoneOf(group.location))).size > 1 ? "mesh" : "private-network";
}

/** The nodes of a target, in the order of their names; each derives from its own entry alone. */
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
    ...(fabric === "private-network" && { privateAddress: privateAddress(range, group.location, number) }),
  };
}

export function nodeName(memoryGb: number, location: Location, number: number): string {
  return `ubuntu-${memoryGb}gb-${location}-${number}`;
}

/** The first address in a location's block that a server gets; those below are the network's own and for balancers. */
const FIRST_HOST = 10;

/** A block of 256 addresses for each location, so that an address depends on its own node alone and can be read. */
function privateAddress(
  range: HetznerTarget["network"]["servers"],
  location: Location,
  number: number,
): string {
  return addressIn(range, (locationNames.indexOf(location) + 1) * 256 + FIRST_HOST + number - 1);
}

export const hasRole = (role: Role) => (node: Pick<Node, "roles">) => node.roles.includes(role);
