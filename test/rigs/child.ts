import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { findProgram, program } from "./programs";

/** A program of a test: it ends with `kill`, or with this process, however that ends. */
export class Child {
  readonly #child: ChildProcess;
  #output = "";

  constructor(name: string, args: readonly string[], environment: Record<string, string> = {}) {
    const guard = findProgram("setpriv");
    const line = [program(name), ...args];
    const [command = "", ...words] = guard ? [guard, "--pdeathsig", "KILL", "--", ...line] : line;
    this.#child = spawn(command, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (text) => {
        this.#output = (this.#output + text).slice(-8_000);
      });
    }
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}
