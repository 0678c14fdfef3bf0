import type { Given } from "../shared/command";
import { UsageError } from "../shared/usage-error";

const SYSTEMS = ["datasurface", "rain", "backup"] as const;

export interface StartFlags {
  /** The only system to run. @default all systems */
  readonly only?: (typeof SYSTEMS)[number];
  /** Whether the stack keeps running afterwards, with a live report. */
  readonly serve: boolean;
  /** A folder with initdb and postgres. @default those of the npm package */
  readonly postgresBin?: string;
  /** How much is printed: the result as JSON, only failures and the end, or everything. */
  readonly prints: "json" | "little" | "all";
}

/** The command line of `trellis start`, checked. */
export type StartCommandLine = Given<{
  "--only <system>": string;
  "--serve": string;
  "--postgres-bin <dir>": string;
  "--json": string;
  "--quiet": string;
}>;

export function startFlags({ words, flags }: StartCommandLine): StartFlags {
  const [surplus] = words;
  if (surplus !== undefined) {
    const meant = SYSTEMS.find((system) => system === surplus);
    throw new UsageError(
      meant
        ? `${surplus} is not a flag; use trellis start --only ${meant}`
        : `${surplus} is not a flag; trellis start runs only the dev stack (to plan another one: trellis plan prod)`,
    );
  }
  const { only: named, serve = false, json, quiet, ...places } = flags;
  const only = SYSTEMS.find((system) => system === named);
  if (named !== undefined && !only)
    throw new UsageError(`--only: given ${JSON.stringify(named)}, allowed: ${SYSTEMS.join(", ")}`);
  if (json && serve) throw new UsageError("--json prints an end result, which --serve does not have");
  return { serve, prints: json ? "json" : quiet ? "little" : "all", ...(only && { only }), ...places };
}
