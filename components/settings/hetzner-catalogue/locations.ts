/** The locations of Hetzner Cloud. A private network spans the locations of one network zone, never of two. */
export const LOCATIONS = {
  fsn1: { city: "Falkenstein", zone: "eu-central" },
  nbg1: { city: "Nuremberg", zone: "eu-central" },
  hel1: { city: "Helsinki", zone: "eu-central" },
  ash: { city: "Ashburn", zone: "us-east" },
  hil: { city: "Hillsboro", zone: "us-west" },
  sin: { city: "Singapore", zone: "ap-southeast" },
} as const satisfies Record<string, { city: string; zone: string }>;

export type Location = keyof typeof LOCATIONS;
export type NetworkZone = (typeof LOCATIONS)[Location]["zone"];

/** The locations in the order of the table. Node addresses depend on this order: only append. */
export const locationNames = Object.keys(LOCATIONS) as [Location, ...Location[]];

export function zoneOf(location: Location): NetworkZone {
  return LOCATIONS[location].zone;
}

/** The network zones of the given locations, each once, in the order of the table. */
export function zonesOf(locations: readonly Location[]): NetworkZone[] {
  return [...new Set(locationNames.filter((name) => locations.includes(name)).map(zoneOf))];
}

/**
 * Round trips in milliseconds between locations, rounded up from published measurements between the cities. Only the
 * order of magnitude matters: etcd's timeouts are derived from the worst pair of a cluster.
 */
const ROUND_TRIPS: ReadonlyArray<readonly [Location, Location, number]> = [
  ["fsn1", "nbg1", 5],
  ["fsn1", "hel1", 26],
  ["nbg1", "hel1", 26],
  ["fsn1", "ash", 95],
  ["nbg1", "ash", 95],
  ["hel1", "ash", 115],
  ["fsn1", "hil", 155],
  ["nbg1", "hil", 155],
  ["hel1", "hil", 170],
  ["ash", "hil", 65],
  ["fsn1", "sin", 165],
  ["nbg1", "sin", 165],
  ["hel1", "sin", 185],
  ["ash", "sin", 225],
  ["hil", "sin", 170],
];
const WITHIN_ONE_LOCATION = 1;

/** The expected round trip between two locations, in milliseconds. */
export function roundTripMs(a: Location, b: Location): number {
  if (a === b) return WITHIN_ONE_LOCATION;
  const pair = ROUND_TRIPS.find(([x, y]) => (x === a && y === b) || (x === b && y === a));
  if (!pair) throw new Error(`no round trip is known between ${a} and ${b}: complete ROUND_TRIPS`);
  return pair[2];
}

/** The worst round trip between any two of the given locations. */
export function worstRoundTripMs(locations: readonly Location[]): number {
  return Math.max(WITHIN_ONE_LOCATION, ...locations.flatMap((a) => locations.map((b) => roundTripMs(a, b))));
}
