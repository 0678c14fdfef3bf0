import { readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { output } from "../shared/programs";
import { chooseStack } from "../shared/stack-choice";

const firstBoot = z.object({
  image: z.string(),
  sshKeys: z.array(z.string()),
  userData: z.string(),
  mark: z.string(),
});

const outputs = z.object({
  servers: z.record(z.string(), z.string()),
  firstBoots: z.record(z.string(), firstBoot),
});

/** The first boot that a server would have now, as the last deployment rendered it. */
export type FirstBoot = z.output<typeof firstBoot>;

/** The servers of a stack: their public addresses and first boots, by name. Contains their keys. */
export type StackServers = z.output<typeof outputs>;

/** Reads the servers from the outputs of a stack, or from a file with them. */
export function readServers(args: { readonly stack?: string; readonly outputs?: string }): StackServers {
  const stack =
    args.outputs === undefined ? chooseStack({ cwd: process.cwd(), flag: args.stack }) : undefined;
  const text =
    stack === undefined
      ? readFileSync(args.outputs === "-" ? 0 : (args.outputs ?? ""), "utf8")
      : output("pulumi", ["stack", "output", "--json", "--show-secrets", "--stack", stack]).toString();
  const read = outputs.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new UserError(
    `${stack === undefined ? args.outputs : `the stack ${stack}`} has no outputs \`servers\` and \`firstBoots\`. ` +
      "Stacks with `target: existing` have no servers; otherwise deploy with this release first (pulumi up), and give a file " +
      "that `pulumi stack output --json --show-secrets` printed",
  );
}
