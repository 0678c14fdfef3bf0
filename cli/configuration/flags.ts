import { parseArgs } from "node:util";
import { checkStackName, UsageError } from "../plan";

export interface SaveFlags {
  readonly stack: string;
  /** The folder of Pulumi.yaml. */
  readonly cwd: string;
  /** A file instead of the bucket of the settings. */
  readonly out?: string;
  /** A public key of age's or SSH's instead of the stack's own. */
  readonly recipient?: string;
}

export interface OpenFlags {
  readonly open: string;
  readonly identity: string;
  readonly into: string;
}

export const USAGE = `Saves a stack's state and settings, encrypted, to the off-site bucket or a file; or decrypts a saved file.

Usage: npm run backup-configuration -- --stack STACK [--out FILE] [--recipient KEY] [--cwd DIR]
       npm run backup-configuration -- --open FILE --identity FILE --into DIR

  --stack STACK      the stack to save; the secrets in it stay encrypted with the stack's passphrase
  --out FILE         write to this file instead of the bucket \`offsite\` in the settings; the bucket's keys are the
                     stack's secrets, or OFFSITE_ACCESS_KEY_ID and OFFSITE_SECRET_ACCESS_KEY
  --recipient KEY    encrypt for this public key (age1..., ssh-...) instead of the one of the output snapshotKey
  --cwd DIR          the folder of Pulumi.yaml, if not this one
  --open FILE        decrypt this file, check every checksum, unpack it
  --identity FILE    the private key
  --into DIR         a new or empty folder
  --help             print this
`;

export function parseFlags(argv: readonly string[]): SaveFlags | OpenFlags | "help" {
  const { help, open, identity, into, stack, cwd, ...rest } = parse(argv);
  if (help) return "help";
  if (open !== undefined) {
    const foreign = Object.keys({ ...(stack && { stack }), ...(cwd && { cwd }), ...rest });
    if (foreign.length > 0) throw new UsageError(`--open cannot be combined with --${foreign.join(", --")}`);
    if (!identity || !into) throw new UsageError("--open needs --identity FILE and --into DIR");
    return { open, identity, into };
  }
  if (identity !== undefined || into !== undefined)
    throw new UsageError("--identity and --into need --open FILE");
  if (stack === undefined) throw new UsageError("no stack given; for example: --stack prod");
  checkStackName(stack);
  return { ...rest, stack, cwd: cwd ?? process.cwd() };
}

function parse(argv: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    const options = {
      stack: text,
      cwd: text,
      out: text,
      recipient: text,
      open: text,
      identity: text,
      into: text,
    };
    return parseArgs({ args: [...argv], options: { ...options, help: { type: "boolean", short: "h" } } })
      .values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
