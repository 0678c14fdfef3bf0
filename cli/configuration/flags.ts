import type { Given } from "../shared/command";
import { chooseStack } from "../shared/stack-choice";
import { UsageError } from "../shared/usage-error";

export interface SaveFlags {
  /** The stack whose configuration is saved. */
  readonly stack: string;
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  /** A local file to write. @default the bucket of the settings */
  readonly out?: string;
  /** A public key of age or SSH to encrypt for. @default the public key of the stack's output `snapshotKey` */
  readonly recipient?: string;
}

export interface OpenFlags {
  /** The archive to decrypt. */
  readonly open: string;
  /** The file with the private key. */
  readonly identity: string;
  /** The folder to create; it must be empty or absent. */
  readonly into: string;
}

/** The command line of `trellis backup-configuration`, checked. */
export type CommandLine = Given<{
  "--stack <name>": string;
  "--out <file>": string;
  "--recipient <key>": string;
  "--cwd <dir>": string;
  "--open <file>": string;
  "--identity <file>": string;
  "--into <dir>": string;
  "--quiet": string;
}>;

export function configurationFlags({ flags }: CommandLine): SaveFlags | OpenFlags {
  const { open, identity, into, stack, cwd, quiet: _, ...rest } = flags;
  if (open !== undefined) {
    const foreign = Object.keys({ ...(stack && { stack }), ...(cwd && { cwd }), ...rest });
    if (foreign.length > 0) throw new UsageError(`--open cannot be combined with --${foreign.join(", --")}`);
    if (!identity || !into) throw new UsageError("--open needs --identity <file> and --into <dir>");
    return { open, identity, into };
  }
  if (identity !== undefined || into !== undefined)
    throw new UsageError("--identity and --into need --open <file>");
  const folder = cwd ?? process.cwd();
  return { ...rest, stack: chooseStack({ cwd: folder, flag: stack }), cwd: folder };
}
