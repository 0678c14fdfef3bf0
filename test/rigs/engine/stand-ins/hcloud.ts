import { answerInvoke, type Properties as Planned } from "../../../../cli/pulumi-monitor";
import { matchesSelector } from "../../hetzner/hcloud-api-project";
import type { Cloud } from "./cloud";
import type { Functions, Making, ResourceKind } from "./stand-in";
import { at, isObject, type Properties, plain, plainProperties } from "./wire";

/** The limits that Hetzner's API sets; a request beyond them is refused. */
const MOST_USER_DATA_BYTES = 32 * 1024;
const LABEL_VALUE = /^(?!.*[^a-zA-Z0-9._-])([a-zA-Z0-9](.*[a-zA-Z0-9])?)?$/;
const HOST_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** What Hetzner answers to a server type that is sold out at a location. */
export const SOLD_OUT = "error during placement (resource_unavailable)";
export const RATE_LIMITED = "limit of 3600 requests per hour reached (rate_limit_exceeded)";

const TYPE = {
  server: "hcloud:index/server:Server",
  primaryIp: "hcloud:index/primaryIp:PrimaryIp",
} as const;

/** A resource with a name that is unique in the project, labels, and perhaps protection. */
function named(replacedBy: readonly string[], rest: Partial<ResourceKind> = {}): ResourceKind {
  return {
    replacedBy,
    nameInput: "name",
    ...rest,
    refusal: (making) => labelRefusal(making) ?? nameRefusal(making) ?? rest.refusal?.(making),
    deleteRefusal: (inputs) =>
      inputs.deleteProtection === true
        ? `${String(inputs.name)} is protected against deletion (protected)`
        : undefined,
  };
}

/**
 * Which inputs replace what: as the schema of Hetzner's Terraform provider says, which `hcloud-schema.json` is a record of
 * (test/toolchain/provider-schemas).
 */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  [TYPE.server]: named(["image", "location", "sshKeys", "userData"], {
    outputs: server,
    refusal: serverRefusal,
  }),
  [TYPE.primaryIp]: named(["location", "type"], {
    outputs: ({ inputs, number, cloud }) => ({
      ...address(inputs.type, number, cloud),
      assigneeId: inputs.assigneeId ?? 0,
    }),
  }),
  "hcloud:index/floatingIp:FloatingIp": named(["homeLocation", "type"], {
    outputs: ({ inputs, number, cloud }) => address(inputs.type, number, cloud),
  }),
  "hcloud:index/floatingIpAssignment:FloatingIpAssignment": { replacedBy: ["floatingIpId"] },
  "hcloud:index/network:Network": named(["ipRange"]),
  "hcloud:index/networkSubnet:NetworkSubnet": {
    replacedBy: "every input",
    id: ({ networkId, ipRange }) => `${networkId}-${ipRange}`,
    outputs: ({ inputs }) => ({ gateway: gatewayOf(String(inputs.ipRange)) }),
  },
  "hcloud:index/networkRoute:NetworkRoute": { replacedBy: "every input" },
  "hcloud:index/serverNetwork:ServerNetwork": {
    replacedBy: ["ip", "networkId", "serverId", "subnetId"],
    id: ({ serverId, networkId, subnetId }) => `${serverId}-${networkId ?? String(subnetId).split("-")[0]}`,
    outputs: ({ number }) => ({ macAddress: `86:00:00:00:${hexPair(number >> 8)}:${hexPair(number)}` }),
    refusal: addressTaken,
  },
  "hcloud:index/firewall:Firewall": named([]),
  "hcloud:index/firewallAttachment:FirewallAttachment": { replacedBy: ["firewallId"] },
  "hcloud:index/placementGroup:PlacementGroup": named([], { outputs: () => ({ servers: [] }) }),
  "hcloud:index/sshKey:SshKey": named(["publicKey"], { outputs: () => ({ fingerprint: "stand-in" }) }),
  "hcloud:index/loadBalancer:LoadBalancer": named(["location", "networkZone"], {
    outputs: ({ number, cloud }) => ({
      ipv4: cloud.ipv4(number),
      ipv6: `${ipv6Network(number)}::1`,
      networkId: 0,
      networkIp: "",
    }),
  }),
  "hcloud:index/loadBalancerNetwork:LoadBalancerNetwork": {
    replacedBy: ["ip", "loadBalancerId", "networkId", "subnetId"],
  },
  "hcloud:index/loadBalancerService:LoadBalancerService": {
    replacedBy: ["listenPort", "loadBalancerId", "protocol"],
    id: ({ loadBalancerId, listenPort }) => `${loadBalancerId}__${listenPort}`,
  },
  "hcloud:index/loadBalancerTarget:LoadBalancerTarget": {
    replacedBy: ["ip", "labelSelector", "loadBalancerId", "serverId"],
  },
  "hcloud:index/rdns:Rdns": {
    replacedBy: ["floatingIpId", "ipAddress", "loadBalancerId", "primaryIpId", "serverId"],
  },
  "hcloud:index/volume:Volume": named(["location"], {
    outputs: ({ number }) => ({ linuxDevice: `/dev/disk/by-id/scsi-0HC_Volume_${number}` }),
  }),
  "hcloud:index/volumeAttachment:VolumeAttachment": { replacedBy: ["serverId", "volumeId"] },
  "hcloud:index/zone:Zone": { replacedBy: ["mode", "name"], nameInput: "name" },
  "hcloud:index/zoneRrset:ZoneRrset": { replacedBy: ["name", "type", "zone"] },
};

export const HCLOUD_TYPES = Object.keys(KINDS);

export const hcloudKind = (type: string): ResourceKind | undefined => KINDS[type];

/** The account as it is now; what does not depend on it is answered as in a plan. */
export const hcloudFunctions: Functions = (token, args, cloud) => {
  switch (token) {
    case "hcloud:index/getServers:getServers":
      return { servers: servers(cloud, String(args.withSelector ?? "")) };
    case "hcloud:index/getServerTypes:getServerTypes":
      return withStock(answerAsPlanned(token, args), cloud);
    default:
      return answerAsPlanned(token, args);
  }
};

/** Arguments without marks are JSON. */
const answerAsPlanned = (token: string, args: Properties) => answerInvoke(token, args as Planned);

function servers(cloud: Cloud, selector: string): Properties[] {
  return cloud
    .all(TYPE.server)
    .map(({ id, outputs }) => ({
      labels: {},
      ...SERVER_DEFAULTS,
      ...plainProperties(outputs),
      id: Number(id),
    }))
    .filter(({ labels }) => selector === "" || matchesSelector(selector, labels));
}

/** What Hetzner says of every server, also where the program said nothing. */
const SERVER_DEFAULTS = {
  backups: false,
  deleteProtection: false,
  rebuildProtection: false,
  iso: "",
  rescue: "",
};

function withStock(answer: Properties, cloud: Cloud): Properties {
  const inStock = (type: unknown, location: object) => ({
    ...location,
    available: cloud.inStock(type, at(location, "name")),
  });
  // The plan's answers have the shape of the SDK's own types.
  const serverTypes = (answer.serverTypes as { name: string; locations: object[] }[]).map((type) => ({
    ...type,
    locations: type.locations.map((location) => inStock(type.name, location)),
  }));
  return { ...answer, serverTypes };
}

/** A server takes the addresses of the primary IPs that it was given, else it gets addresses of its own. */
function server({ inputs, number, cloud }: Making): Properties {
  const net = Array.isArray(inputs.publicNets) ? inputs.publicNets[0] : undefined;
  const given = (family: "ipv4" | "ipv6") =>
    isObject(net) && net[family] ? cloud.find(String(net[family]))?.outputs.ipAddress : undefined;
  return {
    status: "running",
    ipv4Address: given("ipv4") ?? cloud.ipv4(number),
    ipv6Address: given("ipv6") ?? `${ipv6Network(number)}::1`,
    ipv6Network: `${ipv6Network(number)}::/64`,
    primaryDiskSize: 160,
    backupWindow: "",
  };
}

function serverRefusal({ inputs, cloud, changes }: Making): string | undefined {
  if (changes === undefined && !cloud.inStock(inputs.serverType, inputs.location)) return SOLD_OUT;
  if (!HOST_NAME.test(String(inputs.name)))
    return `${String(inputs.name)} is not a host name (invalid_input)`;
  if (Buffer.byteLength(String(inputs.userData ?? "")) > MOST_USER_DATA_BYTES) {
    return `user_data is longer than ${MOST_USER_DATA_BYTES} bytes (invalid_input)`;
  }
  const primaryIps = primaryIpsOf(inputs);
  const taken = cloud
    .all(TYPE.server)
    .filter((held) => held.id !== changes)
    .flatMap((held) => primaryIpsOf(plain(held.inputs)))
    .find((id) => primaryIps.includes(id));
  if (taken !== undefined) return `primary IP ${taken} is assigned to another server (primary_ip_assigned)`;
  const missing = primaryIps.find((id) => cloud.find(id)?.type !== TYPE.primaryIp);
  return missing === undefined ? undefined : `there is no primary IP ${missing} (not_found)`;
}

function primaryIpsOf(inputs: unknown): string[] {
  const nets = at(inputs, "publicNets");
  return (Array.isArray(nets) ? nets : [])
    .flatMap((net) => [at(net, "ipv4"), at(net, "ipv6")])
    .filter(Boolean)
    .map(String);
}

function nameRefusal({ type, inputs, cloud, changes }: Making): string | undefined {
  const twin = cloud.all(type).find((held) => held.id !== changes && held.outputs.name === inputs.name);
  return twin && `the name ${String(inputs.name)} is used already (uniqueness_error)`;
}

function labelRefusal({ inputs }: Making): string | undefined {
  const bad = Object.entries(inputs.labels ?? {}).find(
    ([key, value]) =>
      !LABEL_VALUE.test(key.split("/").at(-1) ?? "") ||
      !LABEL_VALUE.test(String(value)) ||
      String(value).length > 63,
  );
  return bad && `label ${bad[0]}=${String(bad[1])} is not valid (invalid_input)`;
}

function addressTaken({ type, inputs, cloud, changes }: Making): string | undefined {
  const network = (of: Properties) => of.networkId ?? String(of.subnetId).split("-")[0];
  const twin = cloud
    .all(type)
    .find(
      (held) =>
        held.id !== changes && held.inputs.ip === inputs.ip && network(held.inputs) === network(inputs),
    );
  return twin && inputs.ip !== undefined
    ? `${String(inputs.ip)} is used already (ip_not_available)`
    : undefined;
}

function address(type: unknown, number: number, cloud: Cloud): Properties {
  return type === "ipv6"
    ? { ipAddress: `${ipv6Network(number)}::1`, ipNetwork: `${ipv6Network(number)}::/64` }
    : { ipAddress: cloud.ipv4(number), ipNetwork: "" };
}

/** From the addresses for documentation (RFC 3849), which belong to nobody. */
const ipv6Network = (number: number) => `2001:db8:0:${number.toString(16)}`;

function gatewayOf(range: string): string {
  return range.replace(/\d+\/\d+$/, "1");
}

function hexPair(number: number): string {
  return (number & 255).toString(16).padStart(2, "0");
}
