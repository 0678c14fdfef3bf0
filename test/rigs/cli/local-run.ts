import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunFacts } from "../../../cli/start/report";
import { embeddedBinaries, Guardian, unprivilegedUser } from "../../../cli/start/services";
import { postgresHome } from "../../../cli/start/services/postgres-home";
import { postgresPrograms } from "../../../cli/start/services/postgres-programs";
import { repository } from "../platform/stacks";
import { freePort } from "../postgres/postgres";
import { program } from "../programs";
import { eventually } from "../waiting";

/** What a fresh clone has, and the program needs. */
const TRACKED = [
  ...["components", "jobs", "cli", "examples"],
  ...readdirSync(repository).filter((name) => name.endsWith(".ts")),
  ...["package.json", "package-lock.json", "tsconfig.json", "Pulumi.yaml", "Pulumi.dev.yaml"],
];

const PATIENCE_MS = 300_000;

interface Ending {
  readonly code: number | null;
  readonly printed: string;
}

/** A checkout of its own, where commands of the README run. */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "trellis-start-"));

  constructor() {
    for (const each of TRACKED) cpSync(join(repository, each), join(this.folder, each), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Runs a command to its end. */
  run(command: string): Promise<Ending> {
    return this.#begin("/bin/sh", ["-c", command]).ended;
  }

  /** Runs a command on a terminal, where somebody can press Ctrl-C. */
  onTerminal(command: string): Session {
    const words = ["--quiet", "--return", "--flush", "--command", command, "/dev/null"];
    return this.#begin(program("script"), words);
  }

  get report(): RunFacts {
    return JSON.parse(readFileSync(join(this.folder, "out/dev/report.json"), "utf8"));
  }

  /** How many resources the plan beside the report has for a provider. */
  get resources(): number {
    const planned: { kind: string }[] = JSON.parse(
      readFileSync(join(this.folder, "out/dev/resources.json"), "utf8"),
    );
    return planned.filter(({ kind }) => kind === "custom").length;
  }

  /** The command lines of the processes that work in this checkout, or with its data. */
  get processes(): string[] {
    const places = [this.folder, this.#elsewhere].filter((place) => place !== undefined);
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
      .flatMap((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
          const about = `${words} ${readlinkSync(`/proc/${pid}/cwd`)}`;
          return places.some((place) => about.includes(place)) ? [words] : [];
        } catch {
          return []; // it has ended meanwhile
        }
      });
  }

  /** Opens the PostgreSQL data that a run has kept, for anybody on this machine, while `work` is done. */
  async withKeptData<T>(work: (url: (database: string) => string) => Promise<T>): Promise<T> {
    const owner = unprivilegedUser();
    const programs = await postgresPrograms(await embeddedBinaries());
    const { folder, binaries } = await postgresHome(join(this.folder, ".local"), programs, owner);
    const everybody = join(folder, "everybody.hba");
    writeFileSync(everybody, "host all all 127.0.0.1/32 trust\n", { mode: 0o644 });
    const port = await freePort();
    const guardian = new Guardian();
    const server = spawn(
      join(binaries, "postgres"),
      [
        ...["-D", join(folder, String(programs.major)), "-p", String(port), "-h", "127.0.0.1"],
        ...["-c", `hba_file=${everybody}`, "-c", "unix_socket_directories="],
      ],
      { ...owner, cwd: "/", stdio: "ignore" },
    );
    const ended = once(server, "exit");
    if (server.pid !== undefined) guardian.watch(server.pid, "INT");
    try {
      return await work((database) => `postgres://postgres@127.0.0.1:${port}/${database}`);
    } finally {
      server.kill("SIGINT");
      await ended;
      guardian.close();
    }
  }

  async remove(): Promise<void> {
    await this.run("npm run clean -- --yes");
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #elsewhere(): string | undefined {
    try {
      return readFileSync(join(this.folder, ".local/postgres-is-in"), "utf8").trim();
    } catch {
      return undefined; // the data is in the checkout
    }
  }

  #begin(command: string, words: readonly string[]): Session {
    return new Session(
      spawn(program("setpriv"), ["--pdeathsig", "TERM", "--", command, ...words], {
        cwd: this.folder,
        env: {
          PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
          HOME: process.env.HOME,
          NO_COLOR: "1",
        },
        stdio: ["pipe", "pipe", "pipe"],
      }),
    );
  }
}

/** A command that is under way. */
class Session {
  readonly #child: ChildProcess;
  #printed = "";
  readonly ended: Promise<Ending>;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#printed += chunk.toString();
      });
    }
    this.ended = new Promise((done) => child.once("close", (code) => done({ code, printed: this.#printed })));
  }

  /** What it printed, once that has all of the pattern. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return eventually(`it says ${pattern}`, PATIENCE_MS, () => {
      if (this.#child.exitCode !== null) throw new Error(`it has ended, and said: ${this.#printed}`);
      return pattern.exec(this.#printed) ?? undefined;
    });
  }

  pressCtrlC(): void {
    this.#child.stdin?.write("\u0003");
  }
}
