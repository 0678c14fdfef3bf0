import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { adviceOn, neededSecrets, parseSettings } from "../../components/settings";
import { UserError } from "../../components/shared/user-error";
import { readProject } from "../plan";
import { type Given, PROGRAM } from "../shared/command";
import { onFiles } from "../shared/file-error";
import { paletteFor } from "../shared/palette";
import { chooseStack } from "../shared/stack-choice";
import { gather } from "./gather";
import { stackFile } from "./stack-file";

export type InitCommandLine = Given<{
  "--environment <name>": string;
  "--zone <zone>": string;
  "--domain <domain>": string;
  "--ssh-key <key>": string;
  "--from <ranges>": string;
  "--images <repository>": string;
  "--contact <address>": string;
  "--cwd <dir>": string;
}>;

/** Runs `trellis init`. */
export async function run({ words, flags }: InitCommandLine): Promise<void> {
  const { cwd: folder = process.cwd(), ...given } = flags;
  const cwd = resolve(folder);
  readProject(cwd); // says so where there is none
  const named = words.length > 0 ? chooseStack({ cwd, words }) : undefined;
  if (named !== undefined) refuseToOverwrite(cwd, named);
  else if (given.environment !== undefined) refuseToOverwrite(cwd, given.environment);

  const answers = await gather(given, cwd);
  const stack = named ?? answers.environment;
  refuseToOverwrite(cwd, stack);
  const text = stackFile(answers);
  const settings = parseSettings(parse(text).config["trellis:settings"]);
  const path = fileOf(cwd, stack);
  // Whoever wrote the file since is not overwritten either.
  onFiles(path, () => writeFileSync(path, text, { flag: "wx" }));

  const { bold, dim, warning } = paletteFor(process.stdout);
  const secrets = ["hcloud:token", ...neededSecrets(settings).map(({ name }) => `trellis:${name}`)];
  const next = [
    [`${PROGRAM} plan ${stack}`, "what it would create, offline"],
    [`${PROGRAM} cost ${stack}`, "what that costs a month"],
    [`pulumi stack select --create ${stack}`, "docs/getting-started.md has the steps before and after"],
    ...secrets.map((name) => [`pulumi config set --secret ${name}`, ""]),
    ["pulumi preview", ""],
  ];
  const width = Math.max(...next.map(([line = ""]) => line.length));
  process.stdout.write(
    [
      `${bold(`Pulumi.${stack}.yaml`)} is written; notices of expiring certificates go to ${answers.contact}`,
      ...adviceOn(settings).map((each) => `${warning("warning")}  ${each}`),
      "",
      "next:",
      ...next.map(([line = "", purpose = ""]) => `  ${line.padEnd(width)}  ${dim(purpose)}`.trimEnd()),
      "",
    ].join("\n"),
  );
}

const fileOf = (cwd: string, stack: string) => join(cwd, `Pulumi.${stack}.yaml`);

function refuseToOverwrite(cwd: string, stack: string): void {
  if (existsSync(fileOf(cwd, stack)))
    throw new UserError(
      `Pulumi.${stack}.yaml exists, and nothing is overwritten: name another stack, such as \`${PROGRAM} init my-${stack}\`, or remove the file first`,
    );
}
