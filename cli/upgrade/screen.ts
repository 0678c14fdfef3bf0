import { PROGRAM } from "../shared/command";
import type { Palette } from "../shared/palette";
import type { Comparison } from "./compare";

export interface UpgradeReport {
  readonly stack: string | undefined;
  readonly versions: readonly Comparison[];
  /** Servers whose cloud-init changed since they were created; undefined if the stack could not be asked. */
  readonly outdatedServers: readonly string[] | undefined;
}

/** What changes, what cannot, and the order of the commands. */
export function screenOf(
  { stack, versions, outdatedServers }: UpgradeReport,
  all: boolean,
  palette: Palette,
): string {
  const of = (outcome: Comparison["outcome"]) => versions.filter((each) => each.outcome === outcome);
  const [changes, refused] = [of("changes"), of("refused")];
  const shown = all ? versions : [...refused, ...changes];
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const lines = shown.flatMap((each) => linesOf(each, width, palette));
  const support = versions.flatMap((each) => each.support ?? []);
  const outdated = outdatedServers ?? [];
  return [
    palette.bold(
      `${stack ?? "cluster"}: ${of("same").length} as pinned, ${changes.length} to upgrade, ${refused.length} refused, ${of("absent").length} not seen`,
    ),
    ...lines,
    ...support.map((text) => `${palette.warning("support")}  ${text}`),
    ...(outdated.length > 0
      ? [
          `${palette.warning("servers")}  created with another cloud-init: ${outdated.join(", ")}`,
          palette.dim(
            `         ${PROGRAM} apply${stack === undefined ? "" : ` --stack ${stack}`} changes them in place (docs/upgrade.md#files-of-servers)`,
          ),
        ]
      : []),
    ...(changes.length > 0 && refused.length === 0 ? orderOf(stack, palette) : []),
    "",
  ].join("\n");
}

function linesOf(
  { name, runs, wanted, outcome, how, interrupts }: Comparison,
  width: number,
  palette: Palette,
): string[] {
  const now = runs.join(", ") || "not seen";
  const label = name.padEnd(width);
  if (outcome === "same") return [`  ${label}  ${wanted}`];
  if (outcome === "absent") return [`  ${label}  ${palette.dim(now)}`];
  const line = `  ${label}  ${now} -> ${wanted}`;
  const below = (text: string) => palette.dim(`  ${" ".repeat(width)}  ${text}`);
  return outcome === "refused"
    ? [palette.error(line), below(`refused: ${how}`)]
    : [line, below(how), below(`interrupts: ${interrupts}`)];
}

function orderOf(stack: string | undefined, palette: Palette): string[] {
  const of = stack === undefined ? "" : ` --stack ${stack}`;
  return [
    palette.bold("in this order"),
    `  1. ${PROGRAM} health${of}`,
    `  2. ${PROGRAM} backup-configuration${of}`,
    `  3. pulumi preview --diff${of}    ${palette.dim("a pin replaces no server: look for `replace`")}`,
    `  4. pulumi up${of}`,
    `  5. ${PROGRAM} apply${of}    ${palette.dim("files of servers and etcd, if it has changed")}`,
    `  6. ${PROGRAM} upgrade${of}    ${palette.dim("until nothing is left; K3s waits for its window")}`,
  ];
}
