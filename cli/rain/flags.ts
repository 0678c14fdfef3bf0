import type { Given } from "../shared/command";
import { UsageError } from "../shared/usage-error";

/** The command line of `trellis rain`, checked. */
export type RainCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--namespace <name>": string;
  "--image <reference>": string;
  "--dry-run": string;
}>;

export function rainFlags({ words, flags }: RainCommandLine) {
  if (words.length === 0)
    throw new UsageError("no import given; for example: trellis rain import-year 2023 --stack prod");
  return { words, ...flags };
}
