import { evaluateStack, refuseWrongSettings, settingsOf } from "../plan";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { chooseStack } from "../shared/stack-choice";
import { type Cost, cents, costOf } from "./cost-of";
import { billOf, comparisonOf } from "./screen";

type CostCommandLine = Given<{
  "--stack <name>": string;
  "--cwd <dir>": string;
  "--compare <file>": string;
  "--json": string;
}>;

/** Runs `trellis cost`. */
export async function run({ words, flags }: CostCommandLine): Promise<void> {
  const { cwd = process.cwd(), compare, json } = flags;
  const stack = chooseStack({ cwd, words, flag: flags.stack });
  refuseWrongSettings({ cwd, stack });
  if (compare !== undefined) refuseWrongSettings({ cwd, stack, configFile: compare });
  const palette = paletteFor(process.stdout);
  const before = await planned(cwd, stack);
  if (compare === undefined) {
    process.stdout.write(json ? asJson(before) : billOf(stack, before, palette));
    return;
  }
  const after = await planned(cwd, stack, compare);
  process.stdout.write(
    json
      ? asJson({ before, after, change: cents(after.euros - before.euros) })
      : comparisonOf([before, after], [stack, "then"], palette),
  );
}

async function planned(cwd: string, stack: string, configFile?: string): Promise<Cost> {
  const { evaluation } = await evaluateStack({ cwd, stack, configFile });
  const target = settingsOf({ cwd, stack, configFile })?.target;
  return costOf(evaluation, target?.kind === "hetzner" ? target.prices : {});
}

const asJson = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
