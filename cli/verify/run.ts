import { UserError } from "../../components/shared/user-error";
import type { Given } from "../shared/command";
import { type Palette, paletteFor } from "../shared/palette";
import { UsageError } from "../shared/usage-error";
import { type Promised, verifyGardenos } from "./gardenos";
import { readStackServers, verifyServers } from "./servers";

/** Runs `trellis verify` and returns its exit code: 1 for a broken promise. */
export async function run({
  words,
  flags,
}: Given<{
  "--url <url>": string;
  "--outputs <file>": string;
  "--identity <file>": string;
  "--json": string;
  "--quiet": string;
}>): Promise<number> {
  const results = await resultsOf(words, flags);
  const kept = results.every(({ broken }) => broken === undefined);
  if (flags.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else if (!(flags.quiet && kept)) process.stdout.write(screenOf(results, paletteFor(process.stdout), flags));
  return kept ? 0 : 1;
}

function resultsOf(
  words: readonly string[],
  flags: { readonly url?: string; readonly outputs?: string; readonly identity?: string },
): Promise<Promised[]> {
  if (words.length === 1 && words[0] === "gardenos")
    return verifyGardenos({
      url: addressOf(flags.url),
      anonKey: keyFrom("GARDENOS_ANON_KEY", "gardenos.anonKey"),
      serviceKey: keyFrom("GARDENOS_SERVICE_KEY", "gardenos.serviceKey"),
    });
  if (words.length === 1 && words[0] === "servers") {
    if (flags.outputs === undefined)
      throw new UsageError("--outputs is required: a file that `pulumi stack output --json` printed, or -");
    return verifyServers(readStackServers(flags.outputs), flags.identity);
  }
  throw new UsageError(`what to verify: given ${words.join(" ") || "nothing"}, allowed: gardenos, servers`);
}

function addressOf(given: string | undefined): URL {
  if (given === undefined) throw new UsageError("--url is required: the stack's output `endpoints.gardenos`");
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--url: given ${given}, allowed: an address such as https://crm.example.com`);
  return url;
}

function keyFrom(name: string, output: string): string {
  const key = process.env[name];
  if (!key) throw new UserError(`${name} is not set: give it the stack's output ${output}`);
  return key;
}

function screenOf(
  results: readonly Promised[],
  palette: Palette,
  { quiet }: { readonly quiet?: true },
): string {
  const shown = results.filter(({ broken }) => !quiet || broken !== undefined);
  const lines = shown.map(({ promise, broken }) =>
    broken === undefined
      ? `  ${palette.accent("kept")}    ${promise}`
      : `  ${palette.error("broken")}  ${promise}\n          ${broken}`,
  );
  const count = results.filter(({ broken }) => broken !== undefined).length;
  const end =
    count === 0
      ? `all ${results.length} promises are kept`
      : `${count} of ${results.length} promises are broken`;
  return `${lines.join("\n")}\n\n${end}\n`;
}
