import type { NetworkZone } from "./locations";
import type { ServerTypeName } from "./server-types";

/**
 * Monthly list prices in euros without VAT.
 *
 * Servers: from hetzner.com's own price API, read on 2026-09-04 (published in robhunter/agentdeals,
 * src/hetzner-pricing.ts), less the 0.50 for an IPv4 address that the site adds. Hetzner's pricing API returned the
 * same on 2026-07-24, after the adjustment of 2026-06-15. Servers that were ordered before that day and never rescaled
 * cost less.
 * Load balancers: since 2026-04-01.
 */
export const PRICES_READ_ON = "2026-09-04";

/** A GiB of a volume at Hetzner, which is billed by size. */
export const VOLUME_GIB = "volume-gib";

type BilledName =
  | ServerTypeName
  | "primary-ipv4"
  | "floating-ip"
  | "lb11"
  | "lb21"
  | "lb31"
  | typeof VOLUME_GIB;

interface Price {
  readonly everywhere: number;
  /** The zones whose price is known. @default the price is the same everywhere */
  readonly zones?: { readonly [Zone in NetworkZone]?: number };
  /** Why the price is less certain than the others. @default none: it was read for this item */
  readonly guess?: string;
}

const inEurope = (euros: number, zones: Price["zones"] = {}): Price => ({
  everywhere: euros,
  zones: { "eu-central": euros, ...zones },
});
const inTheUnitedStates = (euros: number): Price => ({
  everywhere: euros,
  zones: { "us-east": euros, "us-west": euros },
});
const worldwide = (euros: number): Price => ({ everywhere: euros });

const PRICES: Readonly<Record<BilledName, Price>> = {
  cx23: inEurope(5.49),
  cx33: inEurope(8.49),
  cx43: inEurope(15.99),
  cx53: inEurope(29.49),
  cax11: inEurope(5.99),
  cax21: inEurope(10.49),
  cax31: inEurope(20.99),
  cax41: inEurope(40.99),
  cpx21: inTheUnitedStates(31.99),
  cpx31: inTheUnitedStates(62.49),
  cpx41: inTheUnitedStates(120.49),
  cpx51: inTheUnitedStates(237.99),
  cpx22: inEurope(19.49, { "ap-southeast": 26.49 }),
  cpx32: inEurope(35.49),
  cpx42: inEurope(69.49),
  cpx52: inEurope(100.49),
  cpx62: inEurope(129.99),
  ccx13: inEurope(42.99, { "ap-southeast": 53.99 }),
  ccx23: inEurope(85.99),
  ccx33: inEurope(138.49),
  ccx43: inEurope(275.99),
  ccx53: inEurope(533.49),
  ccx63: inEurope(853.49),
  "primary-ipv4": worldwide(0.5),
  "floating-ip": { everywhere: 3, guess: "the price before 2026-04-01; no newer one was found" },
  [VOLUME_GIB]: { everywhere: 0.0572, guess: "0.044 before 2026-04-01, raised by 30 % then" },
  lb11: worldwide(7.49),
  lb21: { everywhere: 22.79, guess: "raised in April 2026 as lb11 was, by 39 %" },
  lb31: { everywhere: 45.72, guess: "raised in April 2026 as lb11 was, by 39 %" },
};

/** The billed items that have a built-in price, for `target.prices`. */
export const billedNames: readonly string[] = Object.keys(PRICES);

export interface MonthlyPrice {
  /** Euros without VAT. */
  readonly euros: number;
  /** Why the price may be wrong. @default none: it was read for this zone, or given in the settings */
  readonly caveat?: string;
}

/** The monthly price of one billed item. A price from the settings overrides the table. */
export function monthlyPrice(
  name: string,
  zone: NetworkZone,
  overrides: Readonly<Record<string, number>> = {},
): MonthlyPrice {
  const own = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
  if (own !== undefined) return { euros: own };
  if (!isBilled(name))
    return { euros: 0, caveat: `no price of ${name} is known: it counts as 0; set it in target.prices` };
  const { everywhere, zones, guess } = PRICES[name];
  const here = zones?.[zone];
  if (here !== undefined) return { euros: here };
  const caveat = zones
    ? `no price of ${name} in ${zone} is known (${PRICES_READ_ON}): the price of another zone is used`
    : guess && `${name}: ${guess}`;
  return { euros: everywhere, ...(caveat && { caveat }) };
}

const isBilled = (name: string): name is BilledName => Object.hasOwn(PRICES, name);
