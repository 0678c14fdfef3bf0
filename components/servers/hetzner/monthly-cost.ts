import {
  type Edge,
  type HetznerTarget,
  type Location,
  monthlyPrice,
  type NetworkZone,
  zoneOf,
} from "../../settings";

export interface MonthlyCostArgs {
  /** Each server with the type that it has. */
  readonly servers: ReadonlyArray<{ readonly serverType: string; readonly location: Location }>;
  readonly edge: Edge;
  /** Prices that differ from the built-in table, by the name of what is billed. */
  readonly prices: HetznerTarget["prices"];
}

/** An estimate without VAT, traffic beyond what is included, volumes, and object storage. */
export interface MonthlyCost {
  readonly euros: number;
  readonly items: readonly CostItem[];
  /** Figures that are less certain than the others. */
  readonly caveats: readonly string[];
}

export interface CostItem {
  /** As Hetzner's price list calls it, for instance `ccx23`. */
  readonly name: string;
  readonly zone: NetworkZone;
  readonly count: number;
  readonly eurosEach: number;
}

export function monthlyCost({ servers, edge, prices }: MonthlyCostArgs): MonthlyCost {
  const items = new Map<string, CostItem>();
  const caveats = new Set<string>();
  servers.forEach(({ serverType, location }, index) => {
    const zone = zoneOf(location);
    for (const name of [serverType, "primary-ipv4", ...(index === 0 ? billedAtTheEdge(edge) : [])]) {
      const { euros, caveat } = monthlyPrice(name, zone, prices);
      const count = (items.get(`${name} ${zone}`)?.count ?? 0) + 1;
      items.set(`${name} ${zone}`, { name, zone, count, eurosEach: euros });
      if (caveat) caveats.add(caveat);
    }
  });
  const all = [...items.values()];
  const cents = all.reduce((sum, { count, eurosEach }) => sum + count * Math.round(eurosEach * 100), 0);
  return { euros: cents / 100, items: all, caveats: [...caveats] };
}

/** A cluster has one of these, in the zone of its servers. */
function billedAtTheEdge(edge: Edge): string[] {
  switch (edge.kind) {
    case "floating-ip":
      return ["floating-ip"];
    case "load-balancer":
      return [edge.type];
    case "dns":
      return [];
  }
}
