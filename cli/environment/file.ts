import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "../../components/shared/digest";
import { UserError } from "../../components/shared/user-error";
import { replaceFile } from "../shared/replace-file";
import { linesOf, type Variables, variablesIn } from "./variables";

const NAME = ".env.local";
const KEPT = 5;
const MODE = 0o600;

/** The second line of the file: what it is of, and the digest of the lines that follow. */
const MARK = /^# trellis-env: (.*)$/m;
const mark = z.object({ stack: z.string(), time: z.string(), sha256: z.string() });

/** What is in the folder instead of, or as, the file of variables. */
export type Found =
  | { readonly state: "absent" }
  | { readonly state: "foreign"; readonly why: string }
  | {
      readonly state: "own";
      readonly stack: string;
      readonly time: string;
      readonly variables: Variables;
      /** Whether only its owner can read it. */
      readonly secret: boolean;
    };

export const pathIn = (folder: string): string => join(folder, NAME);

export function readIn(folder: string): Found {
  const path = pathIn(folder);
  if (!existsSync(path)) return { state: "absent" };
  const text = readFileSync(path, "utf8");
  const [line, written] = MARK.exec(text) ?? [];
  const parsed = mark.safeParse(jsonOrNothing(written));
  if (line === undefined || !parsed.success)
    return { state: "foreign", why: "it was not written by trellis env" };
  const { stack, time, sha256: recorded } = parsed.data;
  const body = text.slice(text.indexOf(line) + line.length + 1);
  if (sha256(body) !== recorded) return { state: "foreign", why: "it was edited after trellis env wrote it" };
  const secret = (statSync(path).mode & 0o077) === 0;
  return { state: "own", stack, time, variables: variablesIn(body), secret };
}

/** Writes the file and keeps the one before. Refuses to overwrite what it did not write. */
export function writeIn(folder: string, stack: string, variables: Variables): void {
  const path = pathIn(folder);
  const found = readIn(folder);
  if (found.state === "foreign")
    throw new UserError(`${path} is kept: ${found.why}. Move it away, and repeat the command.`);
  const body = linesOf(variables);
  const time = new Date().toISOString();
  const text = `# The outputs of the stack ${stack}, written by \`trellis env\`. Do not edit: it would not be updated any more.\n# trellis-env: ${JSON.stringify({ stack, time, sha256: sha256(body) })}\n${body}`;
  replaceFile(path, text, {
    mode: MODE,
    before: () => found.state === "own" && keep(folder, found.time),
  });
}

/** Keeps the present file as a backup, and removes the oldest ones. */
function keep(folder: string, time: string): void {
  const backup = `${pathIn(folder)}.${time.replace(/[-:]/g, "")}`;
  rmSync(backup, { force: true });
  linkSync(pathIn(folder), backup);
  chmodSync(backup, MODE);
  for (const old of backupsIn(folder).slice(0, -KEPT)) rmSync(join(folder, old));
}

/** The names of the backups, oldest first. */
export const backupsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /^\.env\.local\.\d{8}T\d{6}\.\d+Z$/.test(name))
    .sort();

function jsonOrNothing(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
