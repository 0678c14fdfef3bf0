import { createInterface } from "node:readline/promises";
import { UserError } from "../../components/shared/user-error";

/**
 * Asks at the terminal whether to go on. Only `y` and `yes` agree.
 *
 * @param done What has not been done, for the error where there is no terminal: "Nothing was removed".
 */
export async function agreed(question: string, done: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UserError(`${done}: there is no terminal to ask on. To agree, add --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
