import { spawn } from "node:child_process";
import { UserError } from "../../components/shared/user-error";

/** How ssh ended, and what it or the command on the server printed. */
export interface SshOutcome {
  readonly status: number | null;
  readonly output: string;
  readonly complaint: string;
}

/** The options as ssh takes them on its command line. */
export function sshOptions(options: readonly string[], identity: string | undefined): string[] {
  return [
    ...options.flatMap((option) => ["-o", option]),
    ...(identity === undefined ? [] : ["-i", identity]),
  ];
}

/** Runs the system's ssh to its end, with an input. */
export function ssh(words: readonly string[], input: string | Buffer): Promise<SshOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", words, { stdio: ["pipe", "pipe", "pipe"] });
    const printed = { output: "", complaint: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed.output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      printed.complaint += text;
    });
    child.once("error", (error) => reject(noSsh(error)));
    child.once("close", (status) => resolve({ status, ...printed }));
    child.stdin.on("error", () => undefined); // a connection that fails reads nothing
    child.stdin.end(input);
  });
}

export const noSsh = (error: Error) => new UserError(`ssh cannot be started: ${error.message}`);
