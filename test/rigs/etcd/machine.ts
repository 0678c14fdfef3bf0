import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { basename, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { MachinePart } from "../../../components/servers/machine/part";
import { program } from "../programs";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A machine made of a folder: a part that was rendered with that folder as its root is laid down there, and its units
 * run as their files say, by a stand-in for systemd that knows what etcd's units use of it. Nothing runs as another
 * user, and nothing is confined.
 */
export class EtcdMachine {
  readonly #running = new Map<string, ChildProcess>();
  readonly #wanted = new Set<string>();
  readonly #finished = new Set<string>();
  readonly #root: string;
  readonly #part: MachinePart;
  readonly #health: string;
  #door: Server | undefined;

  constructor(root: string, address: string, part: MachinePart) {
    this.#root = root;
    this.#part = part;
    this.#health = `http://${address}:2381/health`;
  }

  /** Lays the part down and runs its setup, as cloud-init does; what the disk held before is kept. */
  async powerOn(): Promise<void> {
    this.#door ??= await this.#openDoor();
    for (const { path, mode = "0755" } of this.#part.directories ?? []) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, Number.parseInt(mode, 8));
    }
    for (const { path, content, mode = "0644" } of this.#part.files ?? []) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      chmodSync(path, Number.parseInt(mode, 8));
    }
    for (const { path } of this.#part.binaries ?? []) {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      symlinkSync(program(basename(path)), path);
    }
    this.#layDownInterfaceOf();
    const { code, stderr } = await this.#execute("/bin/sh", ["-eu", "-c", this.#part.setup ?? ""]);
    if (code !== 0) throw new Error(`the setup failed: ${stderr}`);
  }

  /** Stands in for the base's program, which does not find 127.0.0.11: loopback has it without listing it. */
  #layDownInterfaceOf(): void {
    const folder = join(this.#root, "usr/local/lib/trellis");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "interface-of"), "#!/bin/sh\necho lo\n", { mode: 0o755 });
  }

  /** All processes end at once, without a chance to tidy up; the disk stays. */
  async powerOff(): Promise<void> {
    this.#wanted.clear();
    this.#finished.clear();
    await Promise.all([...this.#running.keys()].map((unit) => this.#end(unit, "SIGKILL")));
    await new Promise<void>((closed) => (this.#door ? this.#door.close(() => closed()) : closed()));
    this.#door = undefined;
  }

  /** The disk is lost, and with it everything that the machine knew. */
  loseDisk(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** etcd's data is lost; the rest of the disk stays. */
  loseData(): void {
    rmSync(join(this.#root, "var/lib/etcd/member"), { recursive: true, force: true });
  }

  /** Runs `trellis-etcd` as a person would. */
  tool(...words: string[]): Promise<Outcome> {
    return this.#execute(join(this.#root, "usr/local/sbin/trellis-etcd"), words);
  }

  systemctl(...words: string[]): Promise<Outcome> {
    return this.#execute("systemctl", words);
  }

  /** Whether a unit that runs once has done so since the machine was switched on. */
  hasFinished(unit: string): boolean {
    return this.#finished.has(unit);
  }

  file(path: string): string {
    return readFileSync(join(this.#root, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.#root, path));
  }

  /** What etcd and its units printed. */
  get log(): string {
    return this.file("log");
  }

  #execute(command: string, words: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(command, words, { env: this.#environment, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${join(this.#root, "stand-ins")}:${process.env.PATH}` };
  }

  /** A `systemctl` on the machine's PATH that asks this object. */
  async #openDoor(): Promise<Server> {
    const folder = join(this.#root, "stand-ins");
    mkdirSync(folder, { recursive: true });
    const socket = join(folder, "socket");
    rmSync(socket, { force: true });
    writeFileSync(
      join(folder, "systemctl"),
      `#!/bin/sh\nexec curl --silent --show-error --fail --unix-socket ${socket} --data "$*" http://systemd/\n`,
      { mode: 0o755 },
    );
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const words = Buffer.concat(chunks).toString().split(" ");
      await this.#obey(words[0] ?? "", words.slice(1));
      response.end();
    });
    await new Promise<void>((listening) => server.listen(socket, listening));
    return server;
  }

  async #obey(verb: string, words: readonly string[]): Promise<void> {
    const units = words.filter((word) => word.endsWith(".service"));
    if (verb === "stop" || verb === "restart") {
      for (const unit of units) {
        this.#wanted.delete(unit);
        await this.#end(unit, "SIGTERM");
      }
    }
    if (verb === "start" || verb === "restart" || verb === "enable") {
      const started = units.map((unit) => this.#start(unit));
      if (!words.includes("--no-block")) await Promise.all(started);
    }
  }

  async #start(unit: string): Promise<void> {
    this.#wanted.add(unit);
    this.#finished.delete(unit);
    const file = join(this.#root, "etc/systemd/system", unit);
    const lines = readFileSync(file, "utf8").split("\n");
    const commands = (name: string) =>
      lines
        .filter((line) => line.startsWith(`${name}=`))
        .map((line) => line.slice(name.length + 1).replace(/^[+-]/, ""));
    const notifies = lines.includes("Type=notify");
    while (this.#wanted.has(unit)) {
      if (await this.#runAll(unit, commands("ExecStartPre"))) {
        const main = this.#run(unit, commands("ExecStart")[0] ?? "");
        if (!notifies) {
          if ((await main) === 0) {
            this.#finished.add(unit);
            return;
          }
        } else if (await this.#isReady(unit)) {
          await this.#runAll(unit, commands("ExecStartPost"), false);
          void main.then(() => (this.#wanted.has(unit) ? this.#start(unit) : undefined));
          return;
        } else {
          await this.#end(unit, "SIGTERM");
        }
      }
      await setTimeout(500);
    }
  }

  async #runAll(unit: string, commands: readonly string[], isMain = true): Promise<boolean> {
    for (const command of commands) {
      if ((await this.#run(isMain ? unit : `${unit} after`, command)) !== 0) return false;
    }
    return true;
  }

  #run(slot: string, command: string): Promise<number> {
    const [file = "", ...words] = command.split(" ");
    const log = createWriteStream(join(this.#root, "log"), { flags: "a" });
    const child = spawn(file, words, {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#running.set(slot, child);
    return new Promise((resolve) => {
      const ended = (code: number | null) => {
        if (this.#running.get(slot) === child) this.#running.delete(slot);
        resolve(code ?? 1);
      };
      child.once("exit", ended);
      child.once("error", () => ended(1));
    });
  }

  /** What etcd tells systemd by its notify socket, asked from outside: it has joined a quorum. */
  async #isReady(unit: string): Promise<boolean> {
    while (this.#wanted.has(unit) && this.#running.has(unit)) {
      const healthy = await fetch(this.#health, { signal: AbortSignal.timeout(2000) }).then(
        (response) => response.ok,
        () => false,
      );
      if (healthy) return true;
      await setTimeout(100);
    }
    return false;
  }

  async #end(slot: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(slot);
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    // The group, since a script's own children would go on.
    process.kill(-child.pid, signal);
    await gone;
  }
}
