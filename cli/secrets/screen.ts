import { columns } from "../../jobs/shared";
import type { Palette } from "../shared/palette";
import type { FoundSecret } from "./find-secrets";
import type { SecretKind } from "./kinds";
import type { PlanDifference } from "./plan-difference";
import type { Age } from "./state";

/** A secret with its age, as the table shows it. */
export interface Row extends FoundSecret {
  readonly age: Age;
}

const DAY_MS = 86_400_000;

/** The table of a stack's secrets: one line for each. */
export function tableOf(rows: readonly Row[], now: Date, palette: Palette): string {
  const cells = rows.map(({ kind, age, rolls }) => [
    kind.name,
    age.made ? `${Math.floor((now.getTime() - age.made.getTime()) / DAY_MS)} days` : "?",
    age.due ? dayOf(age.due) : "-",
    rolls.length === 0 ? "-" : String(rolls.length),
    wayOf(kind),
  ]);
  const header = ["SECRET", "AGE", "DUE", "RESTARTS", "ROTATED BY"];
  const [heading, ...lines] = columns([header, ...cells]);
  const shown = lines.map((line, index) => {
    const due = rows[index]?.age.due;
    return due && due <= now ? palette.warning(line) : line;
  });
  return `${[palette.bold(heading ?? ""), ...shown].join("\n")}\n`;
}

/** Everything about one secret. */
export function detailsOf({ kind, age, resources, owners, consumers, rolls }: Row, palette: Palette): string {
  return block(
    `${palette.bold(kind.name)}  ${kind.opens}`,
    [
      ["made", [age.made ? dayOf(age.made) : "not known"]],
      ["due", [age.due ? dayOf(age.due) : "not regularly, or not known"]],
      ["owner", owners],
      ["in state", resources.map(({ name }) => name)],
      ["used by", consumers],
      ["restarts", rolls],
      ["rotated by", [wayOf(kind)]],
      ["former", [`ends ${kind.former}`]],
    ],
    palette,
  );
}

/** What a rotation does. */
export function differenceOf(title: string, difference: PlanDifference, palette: Palette): string {
  const { made, removed, updated, runs, restarts } = difference;
  return block(
    title,
    [
      ["makes", made],
      ["removes", removed],
      ["updates", updated],
      ["runs", runs],
      ["restarts", restarts],
    ],
    palette,
  );
}

/** How a kind is rotated, in a few words. */
export function wayOf({ name, rotation }: SecretKind): string {
  switch (rotation.by) {
    case "setting":
      return `trellis rotate ${name}: ${rotation.path.join(".")}`;
    case "replacement":
      return `trellis rotate ${name}: pulumi up --replace`;
    case "configuration":
      return `pulumi config set --secret trellis:${name}`;
    case "runbook":
      return `docs/runbooks/${rotation.section}`;
  }
}

function block(
  title: string,
  parts: readonly (readonly [string, readonly string[]])[],
  palette: Palette,
): string {
  const lines = parts.flatMap(([word, values]) =>
    (values.length > 0 ? values : ["nothing"]).map(
      (value, index) => `  ${palette.dim((index === 0 ? word : "").padEnd(10))}  ${value}`,
    ),
  );
  return `${[title, ...lines].join("\n")}\n`;
}

const dayOf = (date: Date) => date.toISOString().slice(0, 10);
