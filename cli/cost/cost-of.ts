import {
  LOCATIONS,
  type Location,
  monthlyPrice,
  type NetworkZone,
  PRICES_READ_ON,
  VOLUME_GIB,
  zoneOf,
} from "../../components/settings";
import type { Evaluation, PlannedResource } from "../pulumi-monitor";

/** One line of the bill. */
export interface CostItem {
  /** The name in Hetzner's price list, for instance `ccx23`. */
  readonly name: string;
  readonly zone: NetworkZone;
  /** Pieces, or GiB of volumes. */
  readonly count: number;
  readonly eurosEach: number;
}

/** What Hetzner bills for a stack each month, in euros without VAT. */
export interface Cost {
  readonly euros: number;
  readonly items: readonly CostItem[];
  /** The prices that are less certain than the others, and why. */
  readonly caveats: readonly string[];
  /** What the servers carry: requests against their size. */
  readonly load: readonly string[];
  /** The day on which the prices were read. */
  readonly pricesReadOn: string;
}

/** The storage class whose volumes are volumes at Hetzner; others are on the servers' own disks. */
const BILLED_CLASS = "hcloud-volumes";

/** Calculates the monthly cost from a plan. Prices of the settings override the table. */
export function costOf(
  { resources, logs }: Pick<Evaluation, "resources" | "logs">,
  prices: Readonly<Record<string, number>>,
): Cost {
  const home = resources.flatMap(({ inputs }) => locationIn(inputs.location) ?? [])[0];
  const items = new Map<string, CostItem>();
  const caveats = new Set<string>();
  for (const { name, location, count } of resources.flatMap(billedIn)) {
    const zone = zoneOf(location ?? home ?? "fsn1");
    const { euros, caveat } = monthlyPrice(name, zone, prices);
    const former = items.get(`${name} ${zone}`)?.count ?? 0;
    items.set(`${name} ${zone}`, { name, zone, count: former + count, eurosEach: euros });
    if (caveat) caveats.add(caveat);
  }
  const all = [...items.values()];
  return {
    euros: cents(all.reduce((sum, item) => sum + totalOf(item), 0)),
    items: all,
    caveats: [...caveats],
    load: logs.flatMap(({ message }) => /^capacity: (.*)/.exec(message)?.[1] ?? []),
    pricesReadOn: PRICES_READ_ON,
  };
}

/** The price of all pieces, in whole cents as on the bill. */
export const totalOf = ({ count, eurosEach }: CostItem): number => cents(count * eurosEach);

export const cents = (euros: number): number => Math.round(euros * 100) / 100;

interface Billed {
  readonly name: string;
  /** Undefined for what is where the servers are. */
  readonly location: Location | undefined;
  readonly count: number;
}

function billedIn({ type, inputs }: PlannedResource): Billed[] {
  const one = (name: unknown, place: unknown): Billed[] => [
    { name: String(name), location: locationIn(place), count: 1 },
  ];
  const volume = (gib: number): Billed[] =>
    gib > 0 ? [{ name: VOLUME_GIB, location: undefined, count: gib }] : [];
  const { spec } = Object(inputs);
  switch (type) {
    case "hcloud:index/server:Server":
      return one(inputs.serverType, inputs.location);
    case "hcloud:index/primaryIp:PrimaryIp":
      return inputs.type === "ipv4" ? one("primary-ipv4", inputs.location) : [];
    case "hcloud:index/floatingIp:FloatingIp":
      return one("floating-ip", inputs.homeLocation);
    case "hcloud:index/loadBalancer:LoadBalancer":
      return one(inputs.loadBalancerType, inputs.location);
    case "hcloud:index/volume:Volume":
      return volume(Number(inputs.size));
    case "kubernetes:core/v1:PersistentVolumeClaim":
      return volume(claimedGib(spec));
    case "kubernetes:apps/v1:StatefulSet": {
      const templates: readonly unknown[] = spec?.volumeClaimTemplates ?? [];
      const gib = templates.reduce((sum: number, each) => sum + claimedGib(Object(each).spec), 0);
      return volume(gib * Number(spec?.replicas ?? 1));
    }
    default:
      return [];
  }
}

const GIB: Readonly<Record<string, number>> = { Mi: 1 / 1024, Gi: 1, Ti: 1024 };

/** The size of a claim whose volume is one at Hetzner, which bills whole GiB. */
function claimedGib(claim: unknown): number {
  const { storageClassName, resources } = Object(claim);
  if (storageClassName !== BILLED_CLASS) return 0;
  const size = String(resources?.requests?.storage);
  const [, number, unit = ""] = /^(\d+)([MGT]i)$/.exec(size) ?? [];
  const factor = GIB[unit];
  if (factor === undefined)
    throw new Error(`a claim of ${size} has no known size; expected a number of Mi, Gi or Ti`);
  return Math.ceil(Number(number) * factor);
}

const locationIn = (value: unknown): Location | undefined =>
  typeof value === "string" && isLocation(value) ? value : undefined;

const isLocation = (name: string): name is Location => Object.hasOwn(LOCATIONS, name);
