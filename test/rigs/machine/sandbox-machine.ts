import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { program } from "../programs";
import { parseUserData } from "./user-data";

export const SANDBOX_PROGRAMS = ["unshare", "nsenter", "mount"] as const;

interface Ran {
  readonly code: number;
  /** Standard output and error, in the order written. */
  readonly output: string;
}

/** Offline, systemctl enables units and leaves starting them for a boot. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  SYSTEMD_OFFLINE: "1",
};

/**
 * This machine, with all that is written to it going to memory and gone afterwards: scripts run in it as root with
 * the real programs and change nothing. Its systemd enables units and starts none.
 */
export class SandboxMachine {
  readonly #holder: ChildProcess;
  readonly #root: string;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.#root = `/proc/${holder.pid}/root/mnt`;
  }

  static async start(): Promise<SandboxMachine> {
    const layers = "/run/lock";
    const holder = spawn(
      program("unshare"),
      [
        ...["--mount", "--propagation", "private", "sh", "-euc"],
        `mount -t tmpfs sandbox ${layers}
        mkdir ${layers}/upper ${layers}/work
        mount -t overlay sandbox -o lowerdir=/,upperdir=${layers}/upper,workdir=${layers}/work /mnt
        mount -t proc proc /mnt/proc
        mount -t tmpfs sandbox /mnt/dev
        for node in null zero random urandom; do touch /mnt/dev/$node; mount --bind /dev/$node /mnt/dev/$node; done
        echo ready
        exec cat`,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const ready = once(holder.stdout ?? holder, "data");
    const failed = once(holder, "exit").then(([code]) => {
      throw new Error(`the sandbox could not be made (exit code ${code}): it needs root and overlay mounts`);
    });
    await Promise.race([ready, failed]);
    failed.catch(() => undefined); // its end, later, is no failure
    return new SandboxMachine(holder);
  }

  /** Runs a shell command in the machine. */
  run(
    command: string,
    { input = "", environment = {} }: { input?: string; environment?: Record<string, string> } = {},
  ) {
    return new Promise<Ran>((resolve, reject) => {
      const child = spawn(
        program("nsenter"),
        ["--mount", "--target", String(this.#holder.pid), "chroot", "/mnt", "sh", "-c", command],
        {
          env: { ...ENVIRONMENT, ...environment },
          cwd: "/",
        },
      );
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (text) => {
          output += text;
        });
      }
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? -1, output }));
      // A command that fails early does not read what it is given.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
    });
  }

  /** Does what cloud-init does with our user data, up to where systemd would start the first boot. */
  async cloudInit(userData: string): Promise<void> {
    const { write_files: files, runcmd } = parseUserData(userData);
    for (const { path, permissions, content } of files) {
      const target = this.pathOf(path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content, { mode: Number.parseInt(permissions, 8) });
    }
    for (const command of runcmd) {
      const line = typeof command === "string" ? command : command.join(" ");
      const { code, output } = await this.run(line);
      if (code !== 0) throw new Error(`${line} failed: ${output}`);
    }
  }

  /** Where a file of the machine is for this process. */
  pathOf(path: string): string {
    return this.#root + path;
  }

  async stop(): Promise<void> {
    const ended = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await ended;
  }
}
