import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateStack } from "../plan";
import type { Given } from "../shared/command";

import { paletteFor } from "../shared/palette";
import { replaceFile } from "../shared/replace-file";
import { UsageError } from "../shared/usage-error";
import type { FoundSecret } from "./find-secrets";
import { labelOf, usersOf } from "./find-secrets";
import { type PlanDifference, planDifference } from "./plan-difference";
import { raiseEpoch } from "./raise-epoch";
import { differenceOf, wayOf } from "./screen";
import { type StackSecrets, secretNamed, secretsOf } from "./stack-secrets";

type RotateCommandLine = Given<{
  "--stack <name>": string;
  "--cwd <dir>": string;
  "--preview": string;
  "--json": string;
}>;

/** The exit code when the command changed nothing, because something else rotates the secret. */
const NOT_BY_THIS_COMMAND = 3;

/** What a rotation does, and what to type next. */
interface Outcome {
  readonly title: string;
  readonly difference?: PlanDifference;
  readonly next: readonly string[];
  readonly code: number;
}

/** Runs `trellis rotate` and returns its exit code. */
export async function rotate({ words, flags }: RotateCommandLine): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || rest.length > 0) {
    throw new UsageError(
      `which secret: given ${words.join(" ") || "nothing"}, allowed: one name of npx trellis secrets list`,
    );
  }
  const found = await secretsOf(flags);
  const secret = secretNamed(name, found.secrets);
  const outcome = await outcomeOf(secret, found, flags.preview === true);
  const { title, difference, next, code } = outcome;
  const palette = paletteFor(process.stdout);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ secret: name, title, ...difference, next, former: secret.kind.former }, undefined, 2)}\n`
      : [
          difference ? differenceOf(title, difference, palette) : `${title}\n`,
          ...next.map((line) => `${palette.accent("next")}  ${line}\n`),
          `The former secret ends ${secret.kind.former}.\n`,
        ].join(""),
  );
  return code;
}

async function outcomeOf(secret: FoundSecret, found: StackSecrets, preview: boolean): Promise<Outcome> {
  const { kind } = secret;
  const { stack, evaluated } = found;
  const { rotation } = kind;
  const up = `pulumi up --stack ${stack}`;
  switch (rotation.by) {
    case "setting":
      return raise(rotation.path, found, preview);
    case "replacement": {
      const { resources } = evaluated.evaluation;
      const along = resources.filter(({ name }) => rotation.along?.some((end) => name.endsWith(end)));
      const targets = [...secret.resources, ...along].map(({ urn }) => `--replace '${urn}'`);
      const consumers = usersOf(secret.resources, resources).map(labelOf);
      return {
        title: `${kind.name}: no setting rotates it; replace it in the state`,
        difference: {
          made: secret.resources.map(labelOf),
          removed: [],
          updated: consumers.filter((label) => !secret.rolls.includes(label)),
          runs: along.map(labelOf),
          restarts: secret.rolls,
        },
        next: [`${up} ${targets.join(" ")}`],
        code: NOT_BY_THIS_COMMAND,
      };
    }
    case "configuration":
      return {
        title: `${kind.name}: get another one from its issuer first`,
        next: [`pulumi config set --secret trellis:${kind.name} --stack ${stack}`, up],
        code: NOT_BY_THIS_COMMAND,
      };
    case "runbook":
      return {
        title: `${kind.name}: an operator rotates it by hand`,
        next: [wayOf(kind)],
        code: NOT_BY_THIS_COMMAND,
      };
  }
}

async function raise(
  path: readonly string[],
  { cwd, stack, evaluated }: StackSecrets,
  preview: boolean,
): Promise<Outcome> {
  const file = join(cwd, `Pulumi.${stack}.yaml`);
  const { text, from, to } = raiseEpoch(readFileSync(file, "utf8"), path, file);
  const folder = mkdtempSync(join(tmpdir(), "trellis-rotate-"));
  try {
    const configFile = join(folder, "settings.yaml");
    writeFileSync(configFile, text, { mode: 0o600 });
    const { evaluation } = await evaluateStack({ cwd, stack, configFile });
    const difference = planDifference(evaluated.evaluation.resources, evaluation.resources);
    if (!preview) replaceFile(file, text);
    return {
      title: `${path.join(".")}: ${from} -> ${to} in Pulumi.${stack}.yaml${preview ? ", not written" : ""}`,
      difference,
      next: [preview ? "the same command without --preview" : `pulumi up --stack ${stack}`],
      code: 0,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
