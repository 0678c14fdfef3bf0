import { SERVER_TYPES } from "../../components/settings";
import type { Properties } from "./wire";

/** The result of a provider function in an empty cloud project. */
export function answerInvoke(token: string, args: Properties): Properties {
  const answer = ANSWERS[token];
  if (answer) return answer(args);
  const listing = /^hcloud:index\/get(\w+?)s:get\1s$/.exec(token)?.[1];
  if (listing) return emptyListing(listing);
  if (/^hcloud:index\/get\w+:/.test(token)) {
    throw new Error(`${token} found nothing: a plan assumes an empty project`);
  }
  throw new Error(
    `a plan does not support the function ${token}: add it to cli/pulumi-monitor/invokes.ts, or do not call it`,
  );
}

const ANSWERS: Readonly<Record<string, (args: Properties) => Properties>> = {
  "hcloud:index/getServerType:getServerType": ({ name, id }) => {
    const found = SERVER_TYPE_ANSWERS.find((type) => type.name === name || type.id === id);
    if (!found) throw new Error(`Hetzner has no server type ${JSON.stringify(name ?? id)}`);
    return found;
  },
  "hcloud:index/getServerTypes:getServerTypes": () => ({
    id: "server-types",
    names: SERVER_TYPE_ANSWERS.map((type) => type.name ?? ""),
    descriptions: SERVER_TYPE_ANSWERS.map((type) => type.description ?? ""),
    serverTypeIds: SERVER_TYPE_ANSWERS.map((type) => String(type.id)),
    serverTypes: SERVER_TYPE_ANSWERS,
  }),
  "hcloud:index/getLocation:getLocation": ({ name, id }) => {
    const found = LOCATIONS.find((location) => location.name === name || location.id === id);
    if (!found) throw new Error(`Hetzner has no location ${JSON.stringify(name ?? id)}`);
    return found;
  },
  "hcloud:index/getLocations:getLocations": () => ({
    id: "locations",
    names: LOCATIONS.map(({ name }) => name),
    descriptions: LOCATIONS.map(({ description }) => description),
    locationIds: LOCATIONS.map(({ id }) => String(id)),
    locations: LOCATIONS,
  }),
  "hcloud:index/getImage:getImage": ({ name, withArchitecture }) => {
    const [osFlavor, osVersion] = String(name ?? "").split("-");
    return {
      id: 100_000,
      name: name ?? "",
      type: "system",
      architecture: withArchitecture ?? "x86",
      description: String(name ?? ""),
      osFlavor: osFlavor ?? "",
      osVersion: osVersion ?? "",
      created: "2000-01-01T00:00:00Z",
      deprecated: "",
      rapidDeploy: true,
      labels: {},
    };
  },
};

/** Hetzner's locations with the IDs of its API. */
const LOCATIONS = [
  {
    id: 1,
    name: "fsn1",
    description: "Falkenstein DC Park 1",
    country: "DE",
    city: "Falkenstein",
    networkZone: "eu-central",
    latitude: 50.47612,
    longitude: 12.370071,
  },
  {
    id: 2,
    name: "nbg1",
    description: "Nuremberg DC Park 1",
    country: "DE",
    city: "Nuremberg",
    networkZone: "eu-central",
    latitude: 49.452102,
    longitude: 11.076665,
  },
  {
    id: 3,
    name: "hel1",
    description: "Helsinki DC Park 1",
    country: "FI",
    city: "Helsinki",
    networkZone: "eu-central",
    latitude: 60.169855,
    longitude: 24.938379,
  },
  {
    id: 4,
    name: "ash",
    description: "Ashburn, VA",
    country: "US",
    city: "Ashburn, VA",
    networkZone: "us-east",
    latitude: 39.045821,
    longitude: -77.487073,
  },
  {
    id: 5,
    name: "hil",
    description: "Hillsboro, OR",
    country: "US",
    city: "Hillsboro, OR",
    networkZone: "us-west",
    latitude: 45.54222,
    longitude: -122.951924,
  },
  {
    id: 6,
    name: "sin",
    description: "Singapore",
    country: "SG",
    city: "Singapore",
    networkZone: "ap-southeast",
    latitude: 1.283333,
    longitude: 103.833333,
  },
];

/** The network zone of a location; undefined for an unknown location. */
export function networkZoneOf(location: string): string | undefined {
  return LOCATIONS.find(({ name }) => name === location)?.networkZone;
}

const SERVER_TYPE_ANSWERS: readonly Properties[] = Object.entries(SERVER_TYPES).map(
  ([name, type], index) => ({
    id: index + 1,
    name,
    description: name.toUpperCase(),
    cores: type.cores,
    memory: type.memoryGb,
    disk: type.diskGb,
    architecture: type.architecture === "arm64" ? "arm" : "x86",
    cpuType: name.startsWith("ccx") ? "dedicated" : "shared",
    category: "",
    storageType: "local",
    includedTraffic: 0,
    isDeprecated: false,
    deprecationAnnounced: "",
    unavailableAfter: "",
    locations: LOCATIONS.filter(({ networkZone }) => type.zones.some((zone) => zone === networkZone)).map(
      ({ id, name: location }) => ({
        id,
        name: location,
        available: true,
        recommended: true,
        isDeprecated: false,
        deprecationAnnounced: "",
        unavailableAfter: "",
      }),
    ),
  }),
);

/** The empty result of a list function: `{ servers: [] }` for `getServers`, `{ sshKeys: [] }` for `getSshKeys`. */
function emptyListing(things: string): Properties {
  return { id: "empty", [`${things.charAt(0).toLowerCase()}${things.slice(1)}s`]: [] };
}
