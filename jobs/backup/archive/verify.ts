import { type Context, JobError } from "../../shared";
import { CRYPTO_ERROR, PgBackRestError, pgbackrest } from "./pgbackrest";

/** Reads every file of a repository and compares it with its checksum; fails with what is damaged or missing. */
export async function verifyArchive(
  { stanza, repository }: { readonly stanza: string; readonly repository: number },
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<string> {
  const run = (command: string, ...options: string[]) =>
    pgbackrest({ stanza, log, signal }, command, [`--repo=${repository}`, ...options]);
  const said = await run("verify", "--output=text").catch(async (error: unknown) => {
    if (!(error instanceof PgBackRestError && error.code === CRYPTO_ERROR)) throw error;
    await run("info"); // fails too where the passphrase is wrong
    // pgBackRest gives up at an encrypted file that was cut, and does not name it.
    throw new JobError(
      `repository ${repository} is damaged: a file in it ends too early and cannot be decrypted`,
    );
  });
  const problems = problemsIn(said);
  if (problems.length > 0) {
    throw new JobError(`repository ${repository} is damaged: ${problems.slice(0, 20).join("; ")}`);
  }
  return said.trim().split("\n").at(-1)?.trim() || "every file is as it was written";
}

/** pgBackRest prints a line for each archive and backup with its counts, and ends well whatever they say. */
export function problemsIn(said: string): string[] {
  const lines = said.split("\n").map((line) => line.trim());
  return lines.filter(
    (line) =>
      /status: (error|invalid|missing)/i.test(line) || /(missing|invalid|other)[a-z ]*: [1-9]/i.test(line),
  );
}
