import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** Reads `<signal> <pid>` and `- <pid>`. At the end of its input, it sends all signals that were not cancelled. */
const SCRIPT = `
watched=
while read -r what pid; do
  if [ "$what" = - ]; then
    kept=
    for each in $watched; do [ "\${each#*:}" = "$pid" ] || kept="$kept $each"; done
    watched=$kept
  else
    watched="$watched $what:$pid"
  fi
done
for each in $watched; do kill -s "\${each%%:*}" -- "\${each#*:}" 2>/dev/null; done
`;

/**
 * Ends the processes that this process started, even if this process is killed: a shell waits for the end of a pipe
 * that only this process holds open.
 */
export class Guardian {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this.#shell.stdin.on("error", () => undefined); // if the shell is gone, only this last protection is missing
    this.#shell.unref();
    if ("unref" in this.#shell.stdin && typeof this.#shell.stdin.unref === "function")
      this.#shell.stdin.unref();
  }

  /** A negative number is a process group, as in kill(2). */
  watch(pid: number, signal: "INT" | "TERM"): void {
    this.#shell.stdin.write(`${signal} ${pid}\n`);
  }

  forget(pid: number): void {
    this.#shell.stdin.write(`- ${pid}\n`);
  }

  /** Closes the pipe: the shell sends the remaining signals and exits. */
  close(): void {
    this.#shell.stdin.end();
  }
}
