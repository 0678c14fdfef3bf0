import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../components/shared/user-error";
import { noSsh, ssh, sshOptions } from "../shared/ssh";

export interface ConnectionArgs {
  readonly name: string;
  readonly address: string;
  /** A private key for SSH. @default the agent's and the default ones */
  readonly identity?: string | undefined;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** As shells count a process that Ctrl-C ended. */
const INTERRUPTED_CODE = 130;

/** The exit code with which ssh itself fails. */
const NO_CONNECTION = 255;

/**
 * Root's shell on a server. It receives the keys of the cluster, so its host key must be known already: a stranger at its
 * address would receive them too. All commands share one connection, since servers limit new ones.
 */
export class Connection {
  readonly #args: ConnectionArgs;
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-apply-"));
  #connected = false;

  constructor(args: ConnectionArgs) {
    this.#args = args;
  }

  /** Opens connections for some work, and closes them, also when somebody ends this process. */
  static async use<Result>(
    servers: readonly ConnectionArgs[],
    work: (connections: readonly Connection[]) => Promise<Result>,
  ): Promise<Result> {
    const connections = servers.map((each) => new Connection(each));
    const close = () => {
      for (const connection of connections) connection.close();
    };
    const interrupted = () => {
      close();
      process.stderr.write(
        "interrupted: a server that is being changed ends that by itself. Run the command again\n",
      );
      process.exit(INTERRUPTED_CODE);
    };
    for (const signal of SIGNALS) process.once(signal, interrupted);
    try {
      return await work(connections);
    } finally {
      for (const signal of SIGNALS) process.off(signal, interrupted);
      close();
    }
  }

  get name(): string {
    return this.#args.name;
  }

  /** Runs a command, gives it the input, and returns what it printed. No secret may be in the command itself. */
  async run(command: string, input: string | Buffer = ""): Promise<string> {
    if (!this.#connected) await this.#connect();
    const { status, output, complaint } = await ssh([...this.#options(), this.#login(), command], input);
    if (status === 0) return output;
    const { name } = this.#args;
    if (status !== NO_CONNECTION)
      throw new UserError(`${name}: ${command.split("\n")[0]} failed: ${complaint.trim() || output.trim()}`);
    this.#connected = false;
    throw new ConnectionError(`${name}: the connection broke: ${complaint.trim()}`);
  }

  /** Ends the process in the background; at once, for it is also called when the command is interrupted. */
  close(): void {
    if (this.#connected) {
      spawnSync("ssh", [...this.#options(), "-O", "exit", this.#login()], { stdio: "ignore" });
      this.#connected = false;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Opens the connection that all commands share. Its process stays in the background. */
  async #connect(): Promise<void> {
    // The process in the background keeps its stderr, so that is no pipe, whose end somebody waits for.
    const complaints = join(this.#folder, "complaints");
    const file = openSync(complaints, "w", 0o600);
    const child = spawn("ssh", [...this.#options(), "-M", "-N", "-f", this.#login()], {
      stdio: ["ignore", "ignore", file],
    });
    const status = await new Promise((resolve, reject) => {
      child.once("error", (error) => reject(noSsh(error)));
      child.once("close", resolve);
    }).finally(() => closeSync(file));
    if (status === 0) {
      this.#connected = true;
      return;
    }
    const complaint = readFileSync(complaints, "utf8").trim();
    const { name, address } = this.#args;
    const unknown = /host key/i.test(complaint)
      ? `\nThe keys of the cluster go to this server, so its host key must be known: log in once with ssh root@${address}, and compare the fingerprint with the one in Hetzner's console`
      : "";
    throw new ConnectionError(`${name}: ssh root@${address} failed: ${complaint}${unknown}`);
  }

  #login(): string {
    return `root@${this.#args.address}`;
  }

  #options(): string[] {
    const options = [
      ...["BatchMode=yes", "ConnectTimeout=15", "StrictHostKeyChecking=yes"],
      ...["ServerAliveInterval=5", "ServerAliveCountMax=3", `ControlPath=${join(this.#folder, "c")}`],
    ];
    return sshOptions(options, this.#args.identity);
  }
}

/** A server that cannot be reached now. */
export class ConnectionError extends UserError {}
