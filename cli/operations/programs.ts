import { type ChildProcess, spawn } from "node:child_process";
import { UserError } from "../../components/shared/user-error";

/** Runs a program to its end; returns what it printed. */
export function asyncOutput(program: string, words: readonly string[], input?: string): Promise<string> {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  }
  child.stdin.on("error", () => undefined); // a program that ends early does not read its input
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new UserError(`${program} cannot be run: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(printed.stdout);
      else
        reject(new UserError(`${program} ${words.slice(0, 4).join(" ")} failed: ${printed.stderr.trim()}`));
    });
  });
}

/** Starts a program and hands on each line that it prints. */
export function lines(
  program: string,
  words: readonly string[],
  onLine: (line: string) => void,
): { readonly child: ChildProcess; readonly ended: Promise<void> } {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const all = `${rest}${text}`.split("\n");
    rest = all.pop() ?? "";
    for (const line of all) onLine(line);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (error) => reject(new UserError(`${program} cannot be run: ${error.message}`)));
    child.once("close", () => {
      if (rest !== "") onLine(rest);
      resolve();
    });
  });
  return { child, ended };
}
