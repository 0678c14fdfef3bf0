import {
  type Edge,
  type HetznerTarget,
  type Location,
  monthlyPrice,
  type NetworkZone,
  zoneOf,
} from "../../settings";

export interface MonthlyCostArgs {
  /** Each server with its present type. */
  readonly servers: ReadonlyArray<{ readonly serverType: string; readonly location: Location }>;
  /** The edge: a floating IP or a load balancer costs money, DNS does not. */
  readonly edge: Edge;
  /** Prices that override the built-in table, by billed item. */
  readonly prices: HetznerTarget["prices"];
}

/** An estimate in euros. It excludes VAT, traffic beyond the included amount, volumes, and object storage. */
export interface MonthlyCost {
  /** The sum of all items. */
  readonly euros: number;
  readonly items: readonly CostItem[];
  /** The prices that are less certain than the others, and why. */
  readonly caveats: readonly string[];
}

export interface CostItem {
  /** The name in Hetzner's price list, for instance `ccx23`. */
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

/** What is billed once for each cluster, in the zone of its servers. */
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
