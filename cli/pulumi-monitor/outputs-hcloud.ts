import type { Answer, Registration, StandIn } from "./answer";
import { hexFor, type World } from "./identities";
import type { Properties, Value } from "./wire";

const named = (type: string) => `hcloud:index/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`;

/** Simulated resources of Hetzner Cloud: numeric IDs, and addresses that belong to no real host. */
export const hcloudOutputs: Readonly<Record<string, StandIn>> = {
  [named("PrimaryIp")]: publicAddress,
  [named("FloatingIp")]: publicAddress,

  [named("Server")]: ({ name, urn, inputs }, world) => {
    const nets = firstOf(inputs.publicNets);
    const ipv4 = publicNet(nets, "ipv4", world) ?? world.ipv4(`server ${urn}`);
    const ipv6 = publicNet(nets, "ipv6", world) ?? `${world.ipv6Prefix(`server ${urn}`)}::1`;
    return {
      id: world.id(urn),
      outputs: {
        name,
        ipv4Address: nets?.ipv4Enabled === false ? "" : ipv4,
        ipv6Address: nets?.ipv6Enabled === false ? "" : ipv6,
        ipv6Network: nets?.ipv6Enabled === false ? "" : ipv6.replace(/1$/, "/64"),
        status: "running",
        backupWindow: "",
        primaryDiskSize: 40,
      },
    };
  },

  [named("Network")]: ({ name, urn }, world) => ({
    id: world.id(urn),
    outputs: { name },
  }),
  [named("NetworkSubnet")]: ({ inputs }) => ({
    id: `${inputs.networkId}-${inputs.ipRange}`,
    outputs: { gateway: String(inputs.ipRange ?? "").replace(/\d+\/\d+$/, "1") },
  }),
  [named("ServerNetwork")]: ({ urn, inputs }) => ({
    id: `${inputs.serverId}-${inputs.networkId ?? inputs.subnetId}`,
    outputs: { macAddress: `86:00:00:${hexFor(urn, 6).replace(/..(?=.)/g, "$&:")}` },
  }),

  [named("LoadBalancer")]: ({ name, urn }, world) => ({
    id: world.id(urn),
    outputs: {
      name,
      ipv4: world.ipv4(urn),
      ipv6: `${world.ipv6Prefix(urn)}::1`,
    },
  }),
  [named("LoadBalancerNetwork")]: ({ inputs }) => ({
    id: `${inputs.loadBalancerId}-${inputs.networkId ?? inputs.subnetId}`,
  }),

  [named("SshKey")]: ({ name, urn }, world) => ({
    id: world.id(urn),
    outputs: { name, fingerprint: hexFor(urn, 32).replace(/..(?=.)/g, "$&:") },
  }),
  [named("PlacementGroup")]: ({ name, urn }, world) => ({
    id: world.id(urn),
    outputs: { name, servers: [] },
  }),
  [named("Firewall")]: ({ name, urn }, world) => ({
    id: world.id(urn),
    outputs: { name },
  }),
  [named("Volume")]: ({ name, urn }, world) => {
    const id = world.id(urn);
    return {
      id,
      outputs: { name, linuxDevice: `/dev/disk/by-id/scsi-0HC_Volume_${id}` },
    };
  },
};

function publicAddress({ name, urn, inputs }: Registration, world: World): Answer {
  const id = world.id(urn);
  const ipv6 = inputs.type === "ipv6";
  const prefix = ipv6 ? world.ipv6Prefix(urn) : "";
  const ipAddress = ipv6 ? `${prefix}::1` : world.ipv4(urn);
  world.rememberAddress(id, ipAddress);
  return {
    id,
    outputs: {
      name,
      ipAddress,
      ipNetwork: ipv6 ? `${prefix}::/64` : "",
    },
  };
}

function firstOf(value: Value | undefined): Properties | undefined {
  const first: Value | undefined = Array.isArray(value) ? value[0] : value;
  return typeof first === "object" && first !== null && !Array.isArray(first)
    ? (first as Properties)
    : undefined; // neither null nor a list
}

function publicNet(nets: Properties | undefined, family: "ipv4" | "ipv6", world: World): string | undefined {
  return world.addressOf(nets?.[family]);
}
