import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JobError, sha256Of } from "../../shared";

/** A prompt and its version, as decisions record it: `v1 (3f2a...)`. */
export interface Prompt {
  readonly version: string;
  readonly text: string;
}

/** The prompts are beside this folder in the sources, and beside the program in the bundle. */
const FOLDER = ["../prompts/", "./agents-prompts/"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(folder));

/** The newest version of a pool's prompt, or the given one. A released file never changes: a change is a new version. */
export function readPrompt(pool: string, version?: string): Prompt {
  const name = `${pool} ${version ?? ""}`;
  const prompt = read.get(name) ?? readFromFile(pool, version);
  read.set(name, prompt);
  return prompt;
}

/** Released files never change, so each is read once. */
const read = new Map<string, Prompt>();

function readFromFile(pool: string, version: string | undefined): Prompt {
  if (!FOLDER) throw new Error("the program was packed without the prompts of the agents");
  const folder = join(FOLDER, pool);
  const versions = readdirSync(folder)
    .map((name) => /^v(\d+)\.md$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .sort((a, b) => Number(a) - Number(b))
    .map((number) => `v${number}`);
  const chosen = version ?? versions.at(-1);
  if (!chosen || !versions.includes(chosen)) {
    throw new JobError(`${pool} has no prompt ${chosen ?? "at all"}; allowed: ${versions.join(", ")}`, 2);
  }
  const text = readFileSync(join(folder, `${chosen}.md`), "utf8");
  return { version: `${chosen} (${sha256Of(text).slice(0, 12)})`, text };
}
