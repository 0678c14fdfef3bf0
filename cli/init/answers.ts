import { LOCATIONS, type Location, type NetworkZone, type Settings, zoneOf } from "../../components/settings";

/** What `trellis init` has to know; each value is one that the schema of the settings accepts. */
export interface Answers {
  readonly environment: Settings["environment"];
  readonly zone: NetworkZone;
  readonly domain: string;
  readonly contact: string;
  /** One public key in OpenSSH format. */
  readonly sshKey: string;
  /** The IPv4 ranges that reach SSH and the Kubernetes API. */
  readonly from: readonly string[];
  /** The name prefix of the images. */
  readonly images: string;
}

export const environments = ["dev", "staging", "prod"] as const satisfies readonly Settings["environment"][];

// Safe: Object.keys returns the table's keys, but its type is string[].
const locations = Object.keys(LOCATIONS) as Location[];

/** The locations of each network zone. */
export const zones: ReadonlyMap<NetworkZone, readonly Location[]> = new Map(
  locations.map((location) => {
    const zone = zoneOf(location);
    return [zone, locations.filter((each) => zoneOf(each) === zone)];
  }),
);
