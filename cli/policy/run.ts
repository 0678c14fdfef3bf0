import { parseSettings } from "../../components/settings";
import { EXEMPTIONS } from "../../policy/exemptions";
import { isClean, judge } from "../../policy/judge";
import { planOf } from "../../policy/plan";
import { planStack, readProject, readStack } from "../plan";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { chooseStack } from "../shared/stack-choice";
import { jsonOf, screenOf } from "./screen";
import { readSteps } from "./steps";

type PolicyCommandLine = Given<{
  "--stack <name>": string;
  "--preview <file>": string;
  "--config-file <file>": string;
  "--cwd <dir>": string;
  "--json": string;
  "--quiet": string;
}>;

/** Runs `trellis policy` and returns its exit code: 1 for a violation. */
export async function run({ words, flags }: PolicyCommandLine): Promise<number> {
  const { cwd = process.cwd(), configFile, preview } = flags;
  const stack = chooseStack({ cwd, words, flag: flags.stack });
  const steps = preview === undefined ? [] : readSteps(preview);
  const { evaluation } = await planStack({ cwd, stack, ...(configFile !== undefined && { configFile }) });
  const { config } = readStack(cwd, readProject(cwd).name, stack, configFile);
  const settings = parseSettings(JSON.parse(config["trellis:settings"] ?? "{}"));

  const began = performance.now();
  const { resources, artefacts: rendered } = evaluation;
  const verdict = judge(planOf({ settings, resources, rendered, steps }), { exemptions: EXEMPTIONS });
  const about = { stack, seconds: (performance.now() - began) / 1000 };
  const clean = isClean(verdict);
  if (flags.json) process.stdout.write(jsonOf(verdict, about));
  else if (!(flags.quiet && clean))
    process.stdout.write(screenOf(verdict, about, paletteFor(process.stdout)));
  return clean ? 0 : 1;
}
