import { UserError } from "../../components/shared/user-error";
import { readCommandLine, runCommand, UsageError } from "../shared/command-line";
import { type Palette, paletteFor } from "../shared/palette";
import { type Promised, verifyGardenos } from "./gardenos";
import { readStackServers, verifyServers } from "./servers";

const VERIFY = {
  command: "npm run verify --",
  forms: ["gardenos --url <url> [flags]", "servers --outputs <file> [flags]"],
  summary: "Tries what a running system promises, as its clients would, and removes what it made for that.",
  flags: {
    "--url <url>": "gardenos: the stack's output `endpoints.gardenos`",
    "--outputs <file>": "servers: what `pulumi stack output --json` printed, `-` for standard input",
    "--identity <file>": "servers: the private key for SSH, in place of the agent's and the default ones",
    "--json": "print the result as JSON",
  },
  details:
    "gardenos reads the keys from GARDENOS_ANON_KEY and GARDENOS_SERVICE_KEY, the stack's outputs `gardenos.anonKey` and\n" +
    "`gardenos.serviceKey`. servers looks at each server over SSH as root and changes nothing. Exit code 1 if a promise is broken, 2 for a wrong command line.",
  words: "any",
} as const;

/** Runs `npm run verify` and returns its exit code. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(VERIFY, async () => {
    const { words, flags } = readCommandLine(VERIFY, argv);
    const results = await resultsOf(words, flags);
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(results, undefined, 2)}\n`
        : screenOf(results, paletteFor(process.stdout)),
    );
    return results.every(({ broken }) => broken === undefined) ? 0 : 1;
  });

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

function screenOf(results: readonly Promised[], palette: Palette): string {
  const lines = results.map(({ promise, broken }) =>
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
