import { meantWord } from "../../shared/nearest-word";
import { LOCATIONS, type Location, SERVER_TYPES, type ServerTypeName, zonesOf } from "../hetzner-catalogue";
import { fabricOf, nodesOf, numbersOf } from "../nodes";
import type { Problem } from "../problems";
import type { HetznerTarget, Settings } from "../schema";
import { cidrRange, isPrivate, openToTheInternet, overlap } from "../values";

/**
 * Checks that a schema cannot express: settings that are valid one by one and wrong together. A check gets only the
 * parts of the settings that passed the schema, and reports nothing if a part that it needs is missing. So all mistakes
 * in a file are reported at once, and none twice.
 */
export type Draft = { readonly [Key in keyof Settings]?: Settings[Key] | undefined };
export type HetznerDraft = { readonly [Key in keyof HetznerTarget]?: HetznerTarget[Key] | undefined };
type Check<Part> = (part: Part) => Problem[];

export const problem = (
  path: Problem["path"],
  given: unknown,
  allowed: string,
  remedy?: string,
): Problem => ({ path, given, allowed, remedy });

/** A name that is none of those that the settings declare: the likeliest one is offered. */
export const notDeclared = (
  path: Problem["path"],
  given: string,
  { where, names }: { readonly where: string; readonly names: readonly string[] },
): Problem => {
  const meant = meantWord(given, names);
  return problem(
    path,
    given,
    `one of ${where}: ${names.join(", ")}`,
    meant === undefined ? "choose one of them" : `did you mean ${meant}?`,
  );
};

const typesOfOneKind: Check<HetznerDraft> = ({ servers = [] }) =>
  servers.flatMap(({ types, location }, index) => {
    const [wanted, ...others] = types;
    if (!wanted) return [];
    const { memoryGb, architecture } = SERVER_TYPES[wanted];
    const { zone } = LOCATIONS[location];
    const offered: readonly string[] = SERVER_TYPES[wanted].zones;
    return [
      ...others.flatMap((type, rank) => {
        const alike =
          SERVER_TYPES[type].memoryGb === memoryGb && SERVER_TYPES[type].architecture === architecture;
        if (alike) return [];
        const path = ["servers", index, "types", rank + 1];
        return problem(
          path,
          type,
          `a type with ${memoryGb} GB and ${architecture}, like ${wanted}: the memory is part of the servers' names`,
          "remove it, or write it in a group of servers of its own",
        );
      }),
      ...types.flatMap((type, rank) => {
        const zones: readonly string[] = SERVER_TYPES[type].zones;
        if (zones.includes(zone)) return [];
        const path = ["servers", index, "types", rank];
        return problem(
          path,
          type,
          `a type that Hetzner offers in ${zone}: ${typesIn(location).join(", ")}`,
          "choose one of them, or another location",
        );
      }),
      ...(new Set(types).size < types.length && offered.length > 0
        ? [problem(["servers", index, "types"], types, "each type once")]
        : []),
    ];
  });

function typesIn(location: Location): string[] {
  const { zone } = LOCATIONS[location];
  return (Object.keys(SERVER_TYPES) as ServerTypeName[]) // safe: the keys of this table are the names
    .filter((name) => (SERVER_TYPES[name].zones as readonly string[]).includes(zone)); // safe: widens, to test any zone
}

const countedOrNumbered: Check<HetznerDraft> = ({ servers = [] }) =>
  servers.flatMap((group, index) =>
    group.count !== undefined && group.numbers !== undefined
      ? [
          problem(
            ["servers", index, "numbers"],
            group.numbers,
            "either count or numbers, not both",
            "remove one of them",
          ),
        ]
      : [],
  );

const numbersUniqueInLocation: Check<HetznerDraft> = ({ servers = [] }) => {
  const taken = new Set<string>();
  return servers.flatMap((group, index) =>
    numbersOf(group).flatMap((number) => {
      const place = `${group.location}-${number}`;
      if (!taken.has(place)) {
        taken.add(place);
        return [];
      }
      return problem(
        ["servers", index, group.numbers ? "numbers" : "count"],
        number,
        `numbers that no other server in ${group.location} has; if two groups have the same location, set \`numbers\` in both`,
      );
    }),
  );
};

const rolesMakeACluster: Check<HetznerDraft> = ({ servers }) => {
  if (!servers) return [];
  const withRole = (role: string) =>
    servers.flatMap((group) => (group.roles.some((each) => each === role) ? numbersOf(group) : [])).length;
  const etcdMembers = withRole("etcd");
  return [
    ...servers.flatMap((group, index) =>
      new Set(group.roles).size < group.roles.length
        ? [problem(["servers", index, "roles"], group.roles, "each role once")]
        : [],
    ),
    ...(etcdMembers % 2 === 0 || etcdMembers > 7
      ? [
          problem(
            ["servers"],
            `${etcdMembers} servers with the role etcd`,
            "1, 3, 5 or 7 etcd members: an even number tolerates no more failures than one member less, and more than 7 slow each write",
            "add or remove a server with this role",
          ),
        ]
      : []),
    ...(withRole("control-plane") === 0
      ? [problem(["servers"], "no server with the role control-plane", "at least one")]
      : []),
    ...(withRole("workload") === 0
      ? [problem(["servers"], "no server with the role workload", "at least one")]
      : []),
    ...servers.flatMap((group, index) =>
      group.roles.includes("control-plane") || group.roles.includes("workload")
        ? []
        : [
            problem(
              ["servers", index, "roles"],
              group.roles,
              "control-plane or workload in addition to etcd: K3s runs on every server",
            ),
          ],
    ),
  ];
};

/** The most servers that Hetzner attaches to one private network. */
const NETWORK_HOLDS = 100;

const networkCarriesTheServers: Check<HetznerDraft> = ({ servers, network }) => {
  if (!servers || !network || fabricOf(servers) === "mesh") return [];
  const count = servers.flatMap(numbersOf).length;
  const { first, last } = cidrRange(network.servers);
  const size = last - first + 1;
  return [
    ...(count > NETWORK_HOLDS
      ? [
          problem(
            ["servers"],
            `${count} servers`,
            `at most ${NETWORK_HOLDS} servers in one private network of Hetzner`,
          ),
        ]
      : []),
    ...(size < 4096
      ? [
          problem(
            ["network", "servers"],
            network.servers,
            "a range of at least 4096 addresses (/20 or wider): each location uses its own 256 of them",
          ),
        ]
      : []),
    ...(!isPrivate(network.servers)
      ? [
          problem(
            ["network", "servers"],
            network.servers,
            "a private range, within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
          ),
        ]
      : []),
  ];
};

/** K3s gives each node a /24 of the pods' range. */
export const PODS_OF_A_NODE = 256;

const rangesApart: Check<HetznerDraft> = ({ network, servers = [] }) => {
  if (!network) return [];
  const { first, last } = cidrRange(network.pods);
  const count = servers.flatMap(numbersOf).length;
  const pairs = [
    ["servers", "pods"],
    ["servers", "services"],
    ["pods", "services"],
  ] as const;
  return [
    ...pairs.flatMap(([a, b]) =>
      overlap(network[a], network[b])
        ? [problem(["network", b], network[b], `a range that does not overlap network.${a} (${network[a]})`)]
        : [],
    ),
    ...(["pods", "services"] as const).flatMap((key) =>
      isPrivate(network[key]) ? [] : [problem(["network", key], network[key], "a private range")],
    ),
    ...(last - first + 1 < count * PODS_OF_A_NODE
      ? [
          problem(
            ["network", "pods"],
            network.pods,
            `a range of at least ${count * PODS_OF_A_NODE} addresses: 256 for each of ${count} nodes`,
          ),
        ]
      : []),
    ...(cidrRange(network.services).last - cidrRange(network.services).first < 255
      ? [problem(["network", "services"], network.services, "a range of at least 256 addresses")]
      : []),
  ];
};

const edgeFitsTheZones: Check<HetznerDraft> = ({ edge, servers }) => {
  if (!edge || !servers || edge.kind === "dns") return [];
  const zones = zonesOf(servers.map((group) => group.location));
  return zones.length > 1
    ? [
        problem(
          ["edge", "kind"],
          edge.kind,
          `only dns: a ${edge.kind} needs a private network, and none can span ${zones.join(" and ")}`,
        ),
      ]
    : [];
};

const generationsNameServers: Check<HetznerDraft> = ({ generations = {}, servers, network }) => {
  if (!servers || !network) return [];
  const names = new Set(nodesOf({ servers, network }).map((node) => node.name));
  return Object.keys(generations)
    .filter((name) => !names.has(name))
    .map((name) => {
      const meant = meantWord(name, [...names]);
      return problem(
        ["generations", name],
        generations[name],
        `the name of a server: ${[...names].join(", ")}`,
        meant === undefined ? "choose one of them" : `did you mean ${meant}?`,
      );
    });
};

const sshKeysUnique: Check<HetznerDraft> = ({ access }) => {
  const seen = new Set<string>();
  return (access?.sshKeys ?? []).flatMap(({ name, publicKey }, index) => {
    const again = [name, publicKey.split(" ").slice(0, 2).join(" ")].filter((key) => seen.has(key));
    seen.add(name).add(publicKey.split(" ").slice(0, 2).join(" "));
    return again.length > 0
      ? [
          problem(
            ["access", "sshKeys", index],
            name,
            "each name and each key once: Hetzner refuses duplicates",
          ),
        ]
      : [];
  });
};

const hetznerChecks: ReadonlyArray<Check<HetznerDraft>> = [
  typesOfOneKind,
  countedOrNumbered,
  numbersUniqueInLocation,
  rolesMakeACluster,
  networkCarriesTheServers,
  rangesApart,
  edgeFitsTheZones,
  generationsNameServers,
  sshKeysUnique,
];

export function checkHetzner(draft: HetznerDraft): Problem[] {
  return hetznerChecks.flatMap((check) => check(draft));
}

/** Checks what prod requires for high availability and security. */
export function checkEnvironment(
  environment: Settings["environment"] | undefined,
  draft: HetznerDraft,
): Problem[] {
  if (environment !== "prod" || !draft.servers) return [];
  const count = (role: string) =>
    draft.servers?.flatMap((group) => (group.roles.some((each) => each === role) ? numbersOf(group) : []))
      .length ?? 0;
  return [
    ...(count("etcd") < 3
      ? [
          problem(
            ["servers"],
            `${count("etcd")} etcd members`,
            "at least 3 in prod, so that etcd survives the loss of one",
          ),
        ]
      : []),
    ...(count("control-plane") < 2
      ? [
          problem(
            ["servers"],
            `${count("control-plane")} servers with the role control-plane`,
            "at least 2 in prod, so that the API survives the loss of one",
          ),
        ]
      : []),
    ...(draft.access && openToTheInternet(draft.access.from)
      ? [
          problem(
            ["access", "from"],
            draft.access.from,
            "the administrators' own ranges, together at most a /8 of public addresses: in prod SSH and the Kubernetes API must not be open to the internet",
          ),
        ]
      : []),
  ];
}
