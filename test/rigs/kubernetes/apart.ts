import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../programs";
import { eventually } from "../waiting";

export const APART_PROGRAMS = ["unshare", "nsenter", "setpriv", "ip", "mount", "sysctl"];

const CGROUPS = "/sys/fs/cgroup";

/**
 * A part of this machine where a node can live: namespaces of processes, mounts and network of its own, with a cable
 * (a pair of veth) to this machine, and a cgroup. When this process ends, however it ends, the kernel ends everything
 * in there, and its mounts and network with it; a folder and empty cgroups are all that can be left.
 */
export class Apart {
  /** Where everything in there keeps its files. */
  readonly folder: string;
  /** The name of its cgroup, below the root. */
  readonly cgroup: string;
  /** Its own address on the cable. */
  readonly address: string;
  /** This machine's address on the cable. */
  readonly gateway: string;
  readonly #outside: string;
  readonly #holder: ChildProcess;
  readonly #first: number;
  readonly #children = new Set<ChildProcess>();

  private constructor(folder: string, number: number, holder: ChildProcess, first: number) {
    this.folder = folder;
    this.cgroup = `trellis-${holder.pid}`;
    this.gateway = cable(number).gateway;
    this.address = cable(number).address;
    this.#outside = cable(number).outside;
    this.#holder = holder;
    this.#first = first;
  }

  static async make(): Promise<Apart> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-kubernetes-"));
    const holder = hold(folder);
    try {
      const first = await firstOf(holder);
      const apart = new Apart(folder, connect(first), holder, first);
      apart.#makeCgroups();
      return apart;
    } catch (error) {
      holder.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Gives this machine another address on the cable, and the way to a range of addresses in there. */
  beKnownAs(address: string, range: string): void {
    ip(["addr", "replace", `${address}/32`, "dev", this.#outside]);
    ip(["route", "replace", range, "via", this.address, "dev", this.#outside]);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  file(name: string, content: string, mode = 0o600): string {
    mkdirSync(join(this.path(name), ".."), { recursive: true });
    writeFileSync(this.path(name), content, { mode });
    return this.path(name);
  }

  /**
   * Starts a program in the network in there; in the mounts and among the processes too where it has to do with
   * containers. Its output goes to a file of its name.
   */
  start(
    name: string,
    words: readonly string[],
    { among = "network", environment = {} }: Placement = {},
  ): ChildProcess {
    const log = this.path("logs", `${name}.log`);
    mkdirSync(this.path("logs"), { recursive: true });
    const namespaces = among === "network" ? ["--net"] : ["--net", "--mount", "--pid"];
    const line = [
      program("nsenter"),
      `--target=${this.#first}`,
      ...namespaces,
      "--",
      program(name),
      ...words,
    ];
    // Node's pipes would fill while this process is busy, and stop the program: a shell opens the file.
    const child = spawn(
      program("setpriv"),
      ["--pdeathsig", "KILL", "--", "sh", "-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh", log, ...line],
      { stdio: "ignore", env: { ...process.env, ...environment } },
    );
    this.#children.add(child);
    return child;
  }

  /** Runs a program to its end among all that is in there. */
  run(name: string, words: readonly string[], input = ""): string {
    const namespaces = ["--net", "--mount", "--pid"];
    return execFileSync(
      program("nsenter"),
      [`--target=${this.#first}`, ...namespaces, "--", program(name), ...words],
      { input, encoding: "utf8", maxBuffer: 2 ** 26, stdio: ["pipe", "pipe", "pipe"] },
    );
  }

  /** The end of what a program said. */
  log(name: string, characters = 3_000): string {
    const file = this.path("logs", `${name}.log`);
    return existsSync(file) ? readFileSync(file, "utf8").slice(-characters) : "";
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) {
      const ended = once(this.#holder, "exit");
      this.#holder.kill("SIGKILL");
      await ended;
    }
    await eventually("the end of all that ran apart", 60_000, () => !existsSync(`/proc/${this.#first}`));
    await eventually("an empty cgroup", 60_000, () => {
      for (const root of cgroupRoots()) removeCgroup(join(root, this.cgroup));
      return true;
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  #makeCgroups(): void {
    for (const root of cgroupRoots()) mkdirSync(join(root, this.cgroup), { recursive: true });
    // Beside the processes of this machine, all pods together would weigh as much as one of them.
    const shares = join(CGROUPS, "cpu", this.cgroup, "cpu.shares");
    if (existsSync(shares)) writeFileSync(shares, "8192");
  }
}

interface Placement {
  /** @default "network" */
  readonly among?: "network" | "everything";
  readonly environment?: Readonly<Record<string, string>>;
}

/** Programs of a node write below /var/lib and /var/log as they please: in there both are layers that vanish. */
function hold(folder: string): ChildProcess {
  const script = `set -e
mkdir -p "$1/var/changes" "$1/var/work"
mount -t overlay layer -o "lowerdir=/var/lib,upperdir=$1/var/changes,workdir=$1/var/work" /var/lib
mount -t tmpfs log /var/log
mount -t tmpfs run /run
ip link set lo up
echo ready
exec sleep infinity`;
  const apart = [
    "--mount",
    "--propagation",
    "private",
    "--net",
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
  ];
  return spawn(
    program("setpriv"),
    ["--pdeathsig", "KILL", "--", program("unshare"), ...apart, "sh", "-c", script, "sh", folder],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
}

/** The process number, out here, of the first process in there. */
async function firstOf(holder: ChildProcess): Promise<number> {
  const ready = once(holder.stdout ?? holder, "data");
  const failed = once(holder, "exit").then(([code]) => {
    throw new Error(`no namespaces could be made (exit code ${code}): it needs root`);
  });
  failed.catch(() => undefined); // its end, later, is no failure
  await Promise.race([ready, failed]);
  return Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8").trim());
}

const cable = (number: number) => ({
  outside: `trellis${number}`,
  inside: "node0",
  gateway: `10.200.${number}.1`,
  address: `10.200.${number}.2`,
});

/** Lays a cable to the network of a process, under the first number that nobody else's has; the kernel is the judge. */
function connect(first: number): number {
  for (let number = 0; number < 250; number++) {
    const { outside, inside } = cable(number);
    const pair = ["type", "veth", "peer", "name", inside, "netns", String(first)];
    try {
      execFileSync(program("ip"), ["link", "add", outside, ...pair], { stdio: "pipe" });
    } catch (error) {
      if (String((error as { stderr?: unknown }).stderr).includes("File exists")) continue;
      throw error;
    }
    const { gateway, address } = cable(number);
    ip(["addr", "add", `${gateway}/24`, "dev", outside]);
    ip(["link", "set", outside, "up"]);
    const within = (...line: string[]) =>
      execFileSync(program("nsenter"), [`--target=${first}`, "--net", "--", ...line], { stdio: "pipe" });
    within(program("ip"), "addr", "add", `${address}/24`, "dev", inside);
    within(program("ip"), "link", "set", inside, "up");
    within(program("ip"), "route", "add", "default", "via", gateway);
    within(program("sysctl"), "-qw", "net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1");
    return number;
  }
  throw new Error("no cable is free");
}

function ip(words: string[]): void {
  execFileSync(program("ip"), words, { stdio: "pipe" });
}

/** One tree, or one for each controller where this machine has cgroups of the first version. */
function cgroupRoots(): string[] {
  if (existsSync(join(CGROUPS, "cgroup.controllers"))) return [CGROUPS];
  return readdirSync(CGROUPS).map((name) => join(CGROUPS, name));
}

function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name));
  }
  rmdirSync(folder);
}
