import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { ENTER_CONTROL_GROUP, makeControlGroup, removeControlGroup } from "../machine/control-group";
import { program } from "../programs";
import { eventually } from "../waiting";
import { OUTSIDE_NAMES } from "./outside";
import { powerOnScript } from "./power-on";
import { DISKS, OUTSIDE, type Site } from "./site";

const run = promisify(execFile);

export interface ServerArgs {
  readonly name: string;
  readonly publicAddress: string;
  readonly privateAddress: string;
  readonly userData: string;
  /** The certificate authority of the outside. */
  readonly authority: string;
  /** The folder of the disk that it starts from. */
  readonly image: string;
}

const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LANG=C.UTF-8",
];
const SHUTDOWN_MS = 150_000;
/**
 * A server with a disk of its own and Debian on it: systemd is its process 1, and cloud-init reads its user data. It
 * shares the kernel with this machine, so loss of power keeps what was written and not yet flushed.
 */
export class Server {
  readonly #site: Site;
  readonly #args: ServerArgs;
  #holder: ChildProcess | undefined;
  #group = "";
  #systemd = 0;
  #boots = 0;
  #generation = 0;
  /** When the power went on last, in milliseconds. */
  poweredOnAt = 0;

  /** A server with a fresh disk, powered off. */
  constructor(site: Site, args: ServerArgs) {
    this.#site = site;
    this.#args = args;
    this.#makeDisk(args.userData);
  }

  get name(): string {
    return this.#args.name;
  }

  get isOn(): boolean {
    return this.#systemd !== 0;
  }

  /**
   * Switches the power on. A server that reboots stays on.
   * @param options.withPrivateAddress Whether the private address is there at once. @default true
   */
  async powerOn({ withPrivateAddress = true }: { withPrivateAddress?: boolean } = {}): Promise<void> {
    this.#group = makeControlGroup();
    this.#boots += 1;
    this.poweredOnAt = Date.now();
    const holder = spawn(
      program("setpriv"),
      [
        ...["--pdeathsig", "KILL", "sh", "-c", ENTER_CONTROL_GROUP, "sh", this.#group],
        ...[
          program("nsenter"),
          `--target=${this.#site.pid}`,
          "--mount",
          "--pid",
          "--wd=/",
          "--",
          program("unshare"),
        ],
        ...["--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net", "--fork", "--kill-child"],
        ...["--propagation", "private", "sh", "-euc", powerOnScript(this.name)],
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    let complaint = "";
    holder.stderr.on("data", (text) => {
      complaint += text;
    });
    this.#holder = holder;
    const ended = once(holder, "exit");
    const failed = ended.then(([code]) => {
      throw new Error(`${this.name} could not be powered on (exit code ${code}): ${complaint}`);
    });
    await Promise.race([once(holder.stdout, "data"), failed]);
    failed.catch(() => undefined); // its end, later, is no failure
    this.#systemd = childOf(childOf(holder.pid ?? 0));
    this.#plugIn(withPrivateAddress);
    const group = this.#group;
    void ended.then(async ([code, signal]) => {
      this.#systemd = 0;
      await removeControlGroup(group);
      // The kernel ends the first process of a namespace that reboots by this signal.
      if (signal === "SIGHUP" || code === 129) await this.powerOn();
    });
    holder.stdin?.write("boot\n");
  }

  /** Gives the server its private address, where it was powered on without. */
  addPrivateAddress(): void {
    this.#inNetwork("ip", "address", "add", `${this.#args.privateAddress}/16`, "dev", "eth1");
  }

  /** Cuts the server off from the private network and the public one, or ends that. */
  isolate(isolated: boolean): void {
    for (const kind of ["p", "q"]) this.#site.ip("link", "set", this.#cable(kind), isolated ? "down" : "up");
  }

  /** Ends all its processes at once. */
  async losePower(): Promise<void> {
    const holder = this.#holder;
    if (!holder || !this.isOn) throw new Error(`${this.name} has no power`);
    const ended = once(holder, "exit");
    process.kill(this.#systemd, "SIGKILL"); // process 1 of a namespace: all others in it end too
    await ended;
    await eventually(`${this.name} is off`, SHUTDOWN_MS, () => !existsSync(this.#group));
  }

  /** A fresh disk, as Hetzner gives a server that is created again under its name. */
  recreate(userData: string = this.#args.userData): void {
    this.#site.run("umount", `${DISKS}/${this.name}/root`);
    this.#makeDisk(userData);
  }

  /** Runs a shell command on the server and returns what it printed; throws where it fails. */
  async run(script: string, { user = "root", input = "" }: { user?: string; input?: string } = {}) {
    if (!this.isOn) throw new Error(`${this.name} has no power`);
    const become = user === "root" ? [] : ["setpriv", `--reuid=${user}`, "--regid=nogroup", "--clear-groups"];
    const inside = ["--all", `--target=${this.#systemd}`, "--wd=/", "--", "env", "-i", ...ENVIRONMENT];
    const ran = run(program("nsenter"), [...inside, ...become, "sh", "-c", script], {
      maxBuffer: 64 * 1024 * 1024,
      timeout: 60_000,
    });
    ran.child.stdin?.on("error", () => undefined); // a command that fails early does not read what it is given
    ran.child.stdin?.end(input);
    return (await ran).stdout;
  }

  /** The arguments of all its processes at this moment. */
  processArguments(): string[] {
    const processes = `/proc/${this.#systemd}/root/proc`;
    if (!this.isOn || !existsSync(processes)) return [];
    return readdirSync(processes)
      .filter((name) => /^[0-9]+$/.test(name))
      .map((id) => {
        try {
          return readFileSync(`${processes}/${id}/cmdline`, "utf8");
        } catch {
          return ""; // ended meanwhile
        }
      });
  }

  /** What is on its disk, power or not; undefined where there is no such file. */
  read(path: string): string | undefined {
    const at = this.pathOf(path);
    return existsSync(at) ? readFileSync(at, "utf8") : undefined;
  }

  /** Where a file on its disk is for this process. */
  pathOf(path: string): string {
    return this.#site.pathOf(`${DISKS}/${this.name}/root${path}`);
  }

  /** The last lines that it printed to its console. */
  console(): string {
    const text = readFileSync(this.#site.pathOf(`${DISKS}/${this.name}/console`), "utf8");
    return text.slice(-3000);
  }

  #makeDisk(userData: string): void {
    const home = `${DISKS}/${this.name}`;
    const layers = `lowerdir=${this.#args.image}/root,upperdir=${home}/upper,workdir=${home}/work`;
    this.#generation += 1;
    rmSync(this.#site.pathOf(home), { recursive: true, force: true });
    this.#site.run("mkdir", "-p", `${home}/upper`, `${home}/work`, `${home}/root`);
    this.#site.run("mount", "-t", "overlay", this.name, "-o", layers, `${home}/root`);
    for (const [path, content] of Object.entries(this.#seed(userData))) {
      mkdirSync(dirname(this.pathOf(path)), { recursive: true });
      writeFileSync(this.pathOf(path), content, { mode: path.endsWith("user-data") ? 0o600 : 0o644 });
    }
    appendFileSync(this.pathOf("/etc/ssl/certs/ca-certificates.crt"), this.#args.authority);
  }

  /** What Hetzner's image and its metadata service give a server, as files. */
  #seed(userData: string): Record<string, string> {
    const { name, publicAddress, authority } = this.#args;
    const seed = "/var/lib/cloud/seed/nocloud";
    return {
      [`${seed}/user-data`]: userData,
      [`${seed}/meta-data`]: `instance-id: ${name}-${this.#generation}\nlocal-hostname: ${name}\n`,
      [`${seed}/network-config`]: `version: 2
ethernets:
  eth0:
    addresses: [${publicAddress}/24]
    routes: [{to: default, via: ${OUTSIDE.public}}]
`,
      "/etc/cloud/cloud.cfg.d/99-seed.cfg":
        "datasource_list: [NoCloud, None]\napt: {preserve_sources_list: true}\n",
      "/etc/hosts": `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${name}\n${OUTSIDE.public} ${OUTSIDE_NAMES.join(" ")}\n`,
      "/etc/apt/sources.list": "deb [trusted=yes] http://packages.test/ ./\n",
      // Modules belong to the kernel of this machine, which has them built in or lacks them.
      "/etc/modprobe.d/shared-kernel.conf": "install br_netfilter /bin/true\ninstall overlay /bin/true\n",
      "/usr/local/share/ca-certificates/outside.crt": authority,
      "/etc/machine-id": "",
      // The console is a file here, at which nobody logs in. A unit without content is masked.
      "/etc/systemd/system/console-getty.service": "",
    };
  }

  #plugIn(withPrivateAddress: boolean): void {
    for (const [kind, bridge, inside] of [
      ["p", "public", "eth0"],
      ["q", "private", "eth1"],
    ] as const) {
      const cable = this.#cable(kind);
      this.#site.ip(
        "link",
        "add",
        cable,
        "type",
        "veth",
        "peer",
        "name",
        inside,
        "netns",
        String(this.#systemd),
      );
      this.#site.ip("link", "set", cable, "master", bridge, "up");
    }
    this.#inNetwork("ip", "link", "set", "lo", "up");
    this.#inNetwork("ip", "link", "set", "eth1", "up");
    if (withPrivateAddress) this.addPrivateAddress();
  }

  /** The outer end of a cable. Each boot has new ones: the kernel takes the old ones away in its own time. */
  #cable(kind: string): string {
    return `${kind}${this.#args.publicAddress.split(".")[3]}-${this.#boots}`;
  }

  #inNetwork(...command: string[]): void {
    execFileSync(program("nsenter"), [`--net=/proc/${this.#systemd}/ns/net`, "--", ...command], {
      stdio: "pipe",
    });
  }
}

function childOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  if (!child) throw new Error(`process ${pid} has no child`);
  return Number(child);
}
