import { paletteFor } from "../../shared/palette";
import { evaluateStack } from "../evaluate-stack";
import { filesOf } from "../files";
import type { PlanFlags } from "../flags";
import { planBefore } from "./before";
import { differenceOf } from "./difference";
import { differenceScreen } from "./screen";

/** Plans a stack twice and prints what differs. It writes no files. */
export async function showDifference(flags: PlanFlags & { readonly diff: string }): Promise<void> {
  const { cwd, stack, configFile, diff: given, json } = flags;
  const before = await planBefore({ cwd, stack, given });
  const { evaluation } = await evaluateStack({ cwd, stack, configFile });
  const difference = differenceOf(before, filesOf(evaluation));
  process.stdout.write(
    json
      ? `${JSON.stringify(difference, undefined, 2)}\n`
      : differenceScreen(difference, { from: given, to: stack }, paletteFor(process.stdout)),
  );
}
