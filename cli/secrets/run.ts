import { readFileSync } from "node:fs";
import { UserError } from "../../components/shared/user-error";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { output } from "../shared/programs";
import { UsageError } from "../shared/usage-error";
import type { FoundSecret } from "./find-secrets";
import { detailsOf, type Row, tableOf, wayOf } from "./screen";
import { secretNamed, secretsOf } from "./stack-secrets";
import { type Age, agesIn } from "./state";

type SecretsCommandLine = Given<{
  "--stack <name>": string;
  "--cwd <dir>": string;
  "--state <file>": string;
  "--json": string;
}>;

/** Runs `trellis secrets`. */
export async function run({ words, flags }: SecretsCommandLine): Promise<void> {
  const [verb, name, ...rest] = words;
  const allowed = verb === "show" ? name !== undefined && rest.length === 0 : verb === "list" && !name;
  if (!allowed) {
    throw new UsageError(
      `what to do: given ${words.join(" ") || "nothing"}, allowed: list, or show <secret>`,
    );
  }
  const { cwd, stack, secrets } = await secretsOf(flags);
  const ageOf = ages(cwd, stack, flags.state);
  const rows = secrets.map((secret): Row => ({ ...secret, age: ageOf(secret) }));
  const chosen =
    name === undefined ? rows : rows.filter((row) => row.kind === secretNamed(name, secrets).kind);
  const palette = paletteFor(process.stdout);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(chosen.map(plain), undefined, 2)}\n`
      : name === undefined
        ? tableOf(chosen, new Date(), palette)
        : chosen.map((row) => detailsOf(row, palette)).join("\n"),
  );
}

/** The ages from the stack's state. Without one, the rest of the table is still worth its lines. */
function ages(cwd: string, stack: string, file: string | undefined): (secret: FoundSecret) => Age {
  try {
    const state = file
      ? readFileSync(file, "utf8")
      : output("pulumi", ["stack", "export", "--stack", stack], { cwd }).toString();
    return agesIn(state);
  } catch (error) {
    if (file || !(error instanceof UserError)) throw error;
    process.stderr.write(`ages are not known: ${error.message}\n`);
    return () => ({});
  }
}

function plain(row: Row) {
  const { kind, age, resources, owners, consumers, rolls } = row;
  return {
    name: kind.name,
    opens: kind.opens,
    ...(age.made && { made: age.made.toISOString() }),
    ...(age.due && { due: age.due.toISOString() }),
    owners,
    resources: resources.map(({ urn }) => urn),
    consumers,
    restarts: rolls,
    rotation: kind.rotation,
    rotatedBy: wayOf(kind),
    former: kind.former,
  };
}
