import { checkStackName } from "../plan";
import { readCommandLine, UsageError } from "../shared/command-line";

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

export const CONFIGURATION = {
  command: "npm run backup-configuration --",
  forms: [
    "--stack <stack> [--out <file>] [--recipient <key>] [--cwd <dir>]",
    "--open <file> --identity <file> --into <dir>",
  ],
  summary:
    "Saves a stack's state and settings, encrypted, to the off-site bucket or a file; or decrypts a saved file.",
  flags: {
    "--stack <stack>": "the stack to save; the secrets in it stay encrypted with the stack's passphrase",
    "--out <file>":
      "write to this file instead of the bucket `offsite` in the settings; the bucket's keys are the stack's secrets, or OFFSITE_ACCESS_KEY_ID and OFFSITE_SECRET_ACCESS_KEY",
    "--recipient <key>":
      "encrypt for this public key (age1..., ssh-...) instead of the one of the output snapshotKey",
    "--cwd <dir>": "the folder of Pulumi.yaml, if not this one",
    "--open <file>": "decrypt this file, check every checksum, unpack it",
    "--identity <file>": "the private key",
    "--into <dir>": "a new or empty folder",
  },
} as const;

export function parseFlags(argv: readonly string[]): SaveFlags | OpenFlags {
  const { open, identity, into, stack, cwd, ...rest } = readCommandLine(CONFIGURATION, argv).flags;
  if (open !== undefined) {
    const foreign = Object.keys({ ...(stack && { stack }), ...(cwd && { cwd }), ...rest });
    if (foreign.length > 0) throw new UsageError(`--open cannot be combined with --${foreign.join(", --")}`);
    if (!identity || !into) throw new UsageError("--open needs --identity <file> and --into <dir>");
    return { open, identity, into };
  }
  if (identity !== undefined || into !== undefined)
    throw new UsageError("--identity and --into need --open <file>");
  if (stack === undefined) throw new UsageError("no stack given; for example: --stack prod");
  checkStackName(stack);
  return { ...rest, stack, cwd: cwd ?? process.cwd() };
}
