import {
  LOCATIONS,
  type Location,
  type NetworkZone,
  SERVER_TYPES,
  type ServerTypeName,
} from "../../components/settings";
import { type Answers, zones } from "./answers";

/** The servers of each environment: the smallest that carry the platform with its defaults. */
const SHAPES = {
  dev: { servers: 1, memoryGb: 8, leastCores: 4, dedicated: false },
  staging: { servers: 3, memoryGb: 8, leastCores: 2, dedicated: false },
  prod: { servers: 3, memoryGb: 16, leastCores: 4, dedicated: true },
} as const satisfies Record<Answers["environment"], object>;

/** Disks of this size hold MinIO's drives only if those are smaller than by default. */
const SMALL_DISK_GB = 80;

/**
 * The content of a stack's file. The answers have passed the schema of the settings, whose values can be written into
 * YAML unquoted.
 */
export function stackFile(answers: Answers): string {
  const { environment, zone, domain, contact, sshKey, from, images } = answers;
  const { servers } = SHAPES[environment];
  const types = typesFor(environment, zone);
  const groups = spread(servers, zones.get(zone) ?? []);
  const small = servers > 1 && types.some((type) => SERVER_TYPES[type].diskGb <= SMALL_DISK_GB);
  const lines = [
    "# yaml-language-server: $schema=docs/settings.schema.json",
    `# ${headline(answers)} Every setting is described in docs/settings.md.`,
    "config:",
    "  trellis:settings:",
    `    environment: ${environment}`,
    `    domain: ${domain}`,
    `    contact: ${contact}`,
    "    target:",
    "      kind: hetzner",
    "      servers:",
    ...groups.flatMap(({ location, count }) => [
      `        - location: ${location}`,
      `          types: [${types.join(", ")}]${types.length > 1 ? " # the first that is in stock" : ""}`,
      ...(count > 1 ? [`          count: ${count}`] : []),
    ]),
    "      access:",
    "        sshKeys:",
    `          - name: ${keyName(sshKey)}`,
    `            publicKey: ${sshKey}`,
    `        from: [${from.join(", ")}]`,
    "      edge:",
    `        kind: ${servers > 1 ? "floating-ip" : "dns"}`,
    ...(environment === "dev"
      ? [
          "      protection: false # `pulumi destroy` may remove everything",
          "      addons:",
          "        monitoring: false # one small server has no room for it",
          "        hetzner: false",
        ]
      : []),
    "    images:",
    `      repository: ${images}`,
    ...(environment === "prod"
      ? [
          "    # A bucket outside the cluster, for copies of backups and snapshots; until it is set, every preview warns.",
          "    # offsite:",
          "    #   endpoint: https://nbg1.your-objectstorage.com",
          "    #   region: nbg1",
          "    #   bucket: a-name-of-yours",
          "    monitoring:",
          "      alerts:",
          "        acceptNone: true # replace with slack, email, pagerduty, webhook or ntfy, or nobody is told of an alert",
        ]
      : []),
    ...(small
      ? [
          "    minio:",
          `      volumeGib: 10 # six drives on three servers, whose disks have ${SMALL_DISK_GB} GB`,
        ]
      : []),
    "    datasurface:",
    "      model: examples/model # replace with a model of yours (docs/model.md)",
    ...(environment === "dev" ? ["      simulator:", "        replicas: 1"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function headline({ environment, zone }: Answers): string {
  const { servers, memoryGb } = SHAPES[environment];
  const cities = (zones.get(zone) ?? []).map((location) => LOCATIONS[location].city);
  if (servers === 1) return `One server of ${memoryGb} GB in ${cities[0]}.`;
  return `${servers} servers of ${memoryGb} GB in ${cities.join(", ")}.`;
}

/** At most two types to ask for, most wanted first: shared processors first, or dedicated ones. */
function typesFor(environment: Answers["environment"], zone: NetworkZone): ServerTypeName[] {
  const { memoryGb, leastCores, dedicated } = SHAPES[environment];
  // Safe: Object.keys returns the table's keys, but its type is string[]. Its order is from shared to dedicated.
  const fitting = (Object.keys(SERVER_TYPES) as ServerTypeName[]).filter((name) => {
    const type = SERVER_TYPES[name];
    const offered: readonly NetworkZone[] = type.zones;
    const large = type.memoryGb === memoryGb && type.cores >= leastCores;
    return large && type.architecture === "amd64" && offered.includes(zone);
  });
  return (dedicated ? fitting.reverse() : fitting).slice(0, 2);
}

/** Servers over the locations of a zone, as evenly as possible. */
function spread(servers: number, locations: readonly Location[]): { location: Location; count: number }[] {
  return locations
    .map((location, index) => ({
      location,
      count: Math.ceil((servers - index) / locations.length),
    }))
    .filter(({ count }) => count > 0);
}

/** The name of an SSH key: the user in its comment, if that is a name for the settings. */
function keyName(sshKey: string): string {
  const [user = ""] = (sshKey.split(" ")[2] ?? "").split("@");
  return /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(user) ? user : "admin";
}
