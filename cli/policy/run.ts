import { parseSettings } from "../../components/settings";
import { EXEMPTIONS } from "../../policy/exemptions";
import { isClean, judge } from "../../policy/judge";
import { planOf } from "../../policy/plan";
import { checkStackName, planStack, readProject, readStack } from "../plan";
import { readCommandLine, runCommand, UsageError } from "../shared/command-line";
import { paletteFor } from "../shared/palette";
import { screenOf } from "./screen";
import { readSteps } from "./steps";

export const POLICY = {
  command: "npm run policy --",
  forms: ["<stack> [flags]"],
  summary: "Judges what a stack would create by the rules in policy/, without the Pulumi CLI.",
  flags: {
    "--preview <file>": "also judge what `pulumi preview --json` wrote to this file",
    "--config-file <file>": "read the settings from this file instead of Pulumi.<stack>.yaml",
    "--cwd <dir>": "the folder of Pulumi.yaml, if not this one",
  },
  details: "It exits with 1 if a rule is violated, or if an exemption has ended or is not needed any more.",
  words: "any",
} as const;

/** Runs `npm run policy` and returns its exit code: 1 for a violation, 2 for a wrong command line. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(POLICY, async () => {
    const { words, flags } = readCommandLine(POLICY, argv);
    const [stack, ...surplus] = words;
    if (stack === undefined) throw new UsageError("no stack given; for example: npm run policy -- prod");
    if (surplus.length > 0)
      throw new UsageError(`only one stack at a time; given also: ${surplus.join(", ")}`);
    checkStackName(stack);
    const { cwd = process.cwd(), configFile, preview } = flags;
    const steps = preview === undefined ? [] : readSteps(preview);
    const { evaluation } = await planStack({ cwd, stack, ...(configFile !== undefined && { configFile }) });
    const { config } = readStack(cwd, readProject(cwd).name, stack, configFile);
    const settings = parseSettings(JSON.parse(config["trellis:settings"] ?? "{}"));

    const began = performance.now();
    const { resources, artefacts: rendered } = evaluation;
    const verdict = judge(planOf({ settings, resources, rendered, steps }), { exemptions: EXEMPTIONS });
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(screenOf(verdict, { stack, seconds }, paletteFor(process.stdout)));
    return isClean(verdict) ? 0 : 1;
  });
