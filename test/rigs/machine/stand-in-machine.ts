import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { dirname } from "node:path";
import type { MachinePart } from "../../../components/servers/machine";
import { program } from "../programs";

/** What such a machine is made of; only root may make one. */
export const MACHINE_PROGRAMS = ["unshare", "nsenter", "mount", "ip", "useradd"];
export const mayMakeMachines = process.getuid?.() === 0;

/**
 * A stand-in for a server: this machine with an /etc, a /usr/local and a /run of its own, and a network of its own
 * where it is given one. The files of machine parts lie there at their real paths, and programs run unchanged.
 */
export class StandInMachine {
  readonly #holder: ChildProcess;
  readonly #network: string | undefined;
  readonly #started = new Set<ChildProcess>();

  private constructor(holder: ChildProcess, network: string | undefined) {
    this.#holder = holder;
    this.#network = network;
  }

  /** @param network The name of a network namespace. Default: the network of everybody. */
  static async start(parts: readonly MachinePart[], network?: string): Promise<StandInMachine> {
    const script = `set -e
mount -t tmpfs layers /mnt
for layer in etc usr/local; do
  mkdir -p /mnt/$layer.changes /mnt/$layer.work
  mount -t overlay layer -o lowerdir=/$layer,upperdir=/mnt/$layer.changes,workdir=/mnt/$layer.work /$layer
done
mount -t tmpfs run /run
echo mounted
exec sleep infinity`;
    const holder = spawn(program("unshare"), ["--mount", "--propagation", "private", "sh", "-c", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => resolve());
      holder.once("exit", (code) => reject(new Error(`no mounts of its own: unshare ended with ${code}`)));
    });
    const machine = new StandInMachine(holder, network);
    machine.#lay(parts);
    return machine;
  }

  /** Runs a program to its end and gives what it printed. */
  run(command: string, args: readonly string[], input = ""): string {
    return execFileSync(program("nsenter"), [...this.#inside(), command, ...args], {
      input,
      encoding: "utf8",
    });
  }

  /** Starts a program, in a process group of its own; `kill` and `stop` end the whole group. */
  start(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(program("nsenter"), [...this.#inside(), command, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    this.#started.add(child);
    child.once("exit", () => this.#started.delete(child));
    return child;
  }

  /** Ends a program that was started here, and all that it started, at once. */
  static async kill(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, "SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#started].map(StandInMachine.kill));
    this.#holder.kill("SIGKILL");
  }

  #lay(parts: readonly MachinePart[]): void {
    for (const user of parts.flatMap(({ users = [] }) => users)) {
      this.run(program("useradd"), ["--system", "--user-group", user]);
    }
    for (const { path, content, mode = "0644" } of parts.flatMap(({ files = [] }) => files)) {
      const script = 'mkdir -p "$1" && cat >"$2" && chmod "$3" "$2"';
      this.run("sh", ["-c", script, "sh", dirname(path), path, mode], content);
    }
  }

  #inside(): string[] {
    return [
      `--mount=/proc/${this.#holder.pid}/ns/mnt`,
      ...(this.#network === undefined ? [] : [`--net=/run/netns/${this.#network}`]),
      "--",
    ];
  }
}
