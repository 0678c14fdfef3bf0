import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { program } from "../programs";

/** The addresses of what servers reach outside of their cluster. */
export const OUTSIDE = { public: "203.0.113.250", metadata: "169.254.169.254", metadata6: "fe80::a9fe:a9fe" };

/** Where the disks of a site's servers are, in the site's own mount namespace. */
export const DISKS = "/mnt";

const SETUP = `mount -t tmpfs -o mode=755 disks ${DISKS}
mkdir ${DISKS}/sysctl
cp -r --no-preserve=all /proc/sys/kernel /proc/sys/vm /proc/sys/fs ${DISKS}/sysctl 2>/dev/null || :
ip link set lo up
for bridge in public private; do ip link add $bridge type bridge && ip link set $bridge up; done
ip address add ${OUTSIDE.public}/24 dev public
ip address add ${OUTSIDE.metadata}/32 dev public
ip address add ${OUTSIDE.metadata6}/64 dev public nodad
echo made
exec cat`;

/**
 * A data center: a public and a private network, the disks of its servers, and the network of the outside. It is a
 * process namespace too, so all that runs in it ends with its first process, which ends with this process.
 */
export class Site {
  readonly #holder: ChildProcess;
  /** The first process of the site, as this machine counts processes. */
  readonly pid: number;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8"));
  }

  static async make(): Promise<Site> {
    const holder = spawn(
      program("setpriv"),
      [
        ...["--pdeathsig", "KILL", program("unshare"), "--mount", "--pid", "--net"],
        ...["--fork", "--kill-child", "--propagation", "private", "sh", "-euc", SETUP],
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const failed = once(holder, "exit").then(([code]) => {
      throw new Error(
        `no site could be made (exit code ${code}): it needs root, and bridges in a network namespace`,
      );
    });
    await Promise.race([once(holder.stdout, "data"), failed]);
    failed.catch(() => undefined); // its end, later, is no failure
    return new Site(holder);
  }

  /** Runs a program among the site's mounts and in its network. */
  run(command: string, ...args: string[]): string {
    return execFileSync(
      program("nsenter"),
      [`--target=${this.pid}`, "--mount", "--net", "--wd=/", "--", command, ...args],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  }

  /** Starts a program in the site's network. */
  start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    return spawn(program("nsenter"), [`--net=/proc/${this.pid}/ns/net`, "--", command, ...args], options);
  }

  /** Runs `ip` in the site's network; a process id among its arguments is one of this machine. */
  ip(...args: string[]): void {
    execFileSync(program("nsenter"), [`--net=/proc/${this.pid}/ns/net`, "--", program("ip"), ...args], {
      stdio: "pipe",
    });
  }

  /** Where a file of the site is for this process. */
  pathOf(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  async stop(): Promise<void> {
    const ended = once(this.#holder, "exit");
    process.kill(this.pid, "SIGKILL");
    await ended;
  }
}
