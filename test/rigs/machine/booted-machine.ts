import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { MachineFile } from "../../../components/servers/machine";
import { program } from "../programs";
import { eventually } from "../waiting";
import { ENTER_CONTROL_GROUP, makeControlGroup, removeControlGroup } from "./control-group";

/** Only root, and only where there is cgroup v2, can start a systemd of its own. */
export const BOOT_PROGRAMS = ["setpriv", "unshare", "nsenter", "mount", "pivot_root", "systemctl"] as const;

const TARGET = "trellis-test.target";
const ENOUGH_MS = 60_000;

/**
 * This machine's programs under a systemd of its own as process 1, with a network of its own. All that it writes is in
 * memory and gone afterwards; it cannot change the kernel's settings. It starts the units that a test names, and no others.
 */
export class BootedMachine {
  readonly #holder: ChildProcess;
  readonly #cgroup: string;
  #systemd = 0;

  private constructor(holder: ChildProcess, cgroup: string) {
    this.#holder = holder;
    this.#cgroup = cgroup;
  }

  /**
   * @param files Laid down before the boot.
   * @param units Started by the boot.
   */
  static async start(files: readonly MachineFile[], units: readonly string[]): Promise<BootedMachine> {
    const cgroup = makeControlGroup();
    // The namespace shows the cgroup that its first process is in as the root of all. The machine ends with this
    // process, however that ends.
    const holder = spawn("sh", [
      ...[
        "-c",
        ENTER_CONTROL_GROUP,
        "sh",
        cgroup,
        program("setpriv"),
        "--pdeathsig",
        "KILL",
        program("unshare"),
        "--mount",
        "--pid",
        "--uts",
        "--ipc",
        "--cgroup",
        "--net",
      ],
      ...["--fork", "--kill-child", "--propagation", "private", "sh", "-euc", BOOT],
    ]);
    const machine = new BootedMachine(holder, cgroup);
    let complaint = "";
    holder.stderr.on("data", (text) => {
      complaint += text;
    });
    const failed = once(holder, "exit").then(([code]) => {
      throw new Error(
        `no machine could be made (exit code ${code}); it needs root and overlay mounts: ${complaint}`,
      );
    });
    await Promise.race([once(holder.stdout, "data"), failed]);
    failed.catch(() => undefined); // its end, later, is no failure
    machine.#systemd = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8"));
    const target: MachineFile = {
      path: `/etc/systemd/system/${TARGET}`,
      content: `[Unit]\nWants=${units.join(" ")}\n`,
    };
    for (const { path, content, mode = "0644" } of [target, ...files]) {
      const at = `/proc/${machine.#systemd}/root/mnt${path}`;
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content, { mode: Number.parseInt(mode, 8) });
    }
    holder.stdin?.write("boot\n");
    await eventually("systemd answers", ENOUGH_MS, () => machine.run("systemctl", "list-jobs") !== "");
    return machine;
  }

  /** The id of its process 1, as this machine counts processes. */
  get processId(): number {
    return this.#systemd;
  }

  /** Runs a program to its end and returns what it printed; throws where it fails. */
  run(command: string, ...args: string[]): string {
    return execFileSync(
      program("nsenter"),
      ["--all", `--target=${this.#systemd}`, "--", "env", "-i", PATH, command, ...args],
      { encoding: "utf8", stdio: "pipe" },
    );
  }

  /** One property of a unit, for instance `ActiveState`. */
  property(unit: string, name: string): string {
    return this.run("systemctl", "show", "--value", "--property", name, unit).trim();
  }

  /** What `systemctl is-system-running` prints: it fails for every state but `running`. */
  state(): string {
    return this.run("sh", "-c", "systemctl is-system-running || :").trim();
  }

  write(path: string, content: string): void {
    writeFileSync(`/proc/${this.#systemd}/root${path}`, content);
  }

  async stop(): Promise<void> {
    const ended = once(this.#holder, "exit");
    process.kill(this.#systemd, "SIGKILL"); // process 1 of a namespace: all others in it end too
    await ended;
    await removeControlGroup(this.#cgroup);
  }
}

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Units of this machine are out of the way: its own boot is not the subject. */
const BOOT = `layers=/run/lock
mount -t tmpfs layers $layers
mkdir $layers/upper $layers/work
mount -t overlay layer -o lowerdir=/,upperdir=$layers/upper,workdir=$layers/work /mnt
rm -rf /mnt/etc/systemd/system
echo made
read -r go
cd /mnt
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
for node in null zero full random urandom; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/shm
ln -s /proc/self/fd dev/fd
mount -t tmpfs run run
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mkdir -p .old
pivot_root . .old
umount -l .old
exec env -i container=trellis ${PATH} /usr/lib/systemd/systemd --unit=${TARGET} </dev/null >/dev/null 2>&1`;
