import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** Reads `<signal> <pid>` and `- <pid>`; at the end of its input it sends the signals that were not taken back. */
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
 * Ends what this process has started, also when it dies in a way that it cannot notice: a shell that waits for the end
 * of a pipe which this process alone holds.
 */
export class Guardian {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this.#shell.stdin.on("error", () => undefined); // without it, only that last protection is gone
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

  /** Lets the shell do its part and go. */
  close(): void {
    this.#shell.stdin.end();
  }
}
