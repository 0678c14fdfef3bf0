import { columns } from "../../jobs/shared";
import type { Palette } from "../shared/palette";
import { type Cost, type CostItem, cents, totalOf } from "./cost-of";

/** The bill of a stack. */
export function billOf(stack: string, cost: Cost, palette: Palette): string {
  const lines = cost.items.map((item) => [labelOf(item), euro(item.eurosEach, 4), euro(totalOf(item))]);
  return [
    `${palette.bold(`${stack}: ${euro(cost.euros)} a month`)}  ${palette.dim(`without VAT, prices of ${cost.pricesReadOn}`)}`,
    ...aligned([["", "each", "together"], ...lines]),
    ...notes(cost, palette),
    "",
  ].join("\n");
}

/** The difference between two bills: what is more, what is less. */
export function comparisonOf(
  [before, after]: readonly [Cost, Cost],
  names: readonly [string, string],
  palette: Palette,
): string {
  const keys = [...new Set([...before.items, ...after.items].map(keyOf))];
  const lines = keys.map((key) => {
    const [old, fresh] = [before, after].map(({ items }) => items.find((item) => keyOf(item) === key));
    const change = cents((fresh ? totalOf(fresh) : 0) - (old ? totalOf(old) : 0));
    return [key, String(old?.count ?? 0), String(fresh?.count ?? 0), signed(change)];
  });
  const change = cents(after.euros - before.euros);
  return [
    `${palette.bold(`${euro(before.euros)} -> ${euro(after.euros)} a month: ${signed(change)}`)}  ${palette.dim(`without VAT, prices of ${after.pricesReadOn}`)}`,
    ...aligned([["", ...names, "change"], ...lines]),
    ...notes(after, palette),
    "",
  ].join("\n");
}

function notes({ load, caveats }: Cost, palette: Palette): string[] {
  return [
    ...load.map((line) => `${palette.accent("load")}  ${line}`),
    ...caveats.map((line) => `${palette.warning("less certain")}  ${line}`),
    palette.dim(
      "Not included: traffic beyond the included volume, object storage, backups at Hetzner, volumes of charts.",
    ),
  ];
}

const keyOf = ({ name, zone }: CostItem) => `${name} in ${zone}`;
const labelOf = (item: CostItem) => `${item.count} x ${keyOf(item)}`;

/** Two digits behind the point, and more only where the price has them. */
function euro(amount: number, most = 2): string {
  const digits = cents(amount) === amount ? 2 : most;
  return `${amount.toFixed(digits)} EUR`;
}

const signed = (change: number) => `${change > 0 ? "+" : ""}${euro(change)}`;

/** Columns: the first to the left, the figures to the right. */
const aligned = (lines: readonly (readonly string[])[]): string[] =>
  columns(lines, (column) => column > 0).map((line) => `  ${line}`);
