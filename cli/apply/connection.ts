import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../components/shared/user-error";

export interface ConnectionArgs {
  readonly name: string;
  readonly address: string;
  /** A private key for SSH. @default the agent's and the default ones */
  readonly identity?: string | undefined;
}

/** The exit code with which ssh itself fails. */
const NO_CONNECTION = 255;

/**
 * Root's shell on a server. It receives the keys of the cluster, so its host key must be known already: a stranger at its
 * address would receive them too. All commands share one connection, since servers limit new ones.
 */
export class Connection {
  readonly #args: ConnectionArgs;
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-apply-"));

  constructor(args: ConnectionArgs) {
    this.#args = args;
  }

  get name(): string {
    return this.#args.name;
  }

  /** Runs a command, gives it the input, and returns what it printed. No secret may be in the command itself. */
  async run(command: string, input: string | Buffer = ""): Promise<string> {
    const { status, output, complaint } = await this.#ssh([command], input);
    if (status === 0) return output;
    const { name, address } = this.#args;
    if (status !== NO_CONNECTION)
      throw new UserError(`${name}: ${command.split("\n")[0]} failed: ${complaint.trim() || output.trim()}`);
    throw new ConnectionError(
      `${name}: ssh root@${address} failed: ${complaint.trim()}${
        /host key/i.test(complaint)
          ? `\nThe keys of the cluster go to this server, so its host key must be known: log in once with ssh root@${address}, and compare the fingerprint with the one in Hetzner's console`
          : ""
      }`,
    );
  }

  async close(): Promise<void> {
    await this.#ssh(["-O", "exit"], "").catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ssh(words: readonly string[], input: string | Buffer) {
    const { address, identity } = this.#args;
    const options = [
      ...["BatchMode=yes", "ConnectTimeout=15", "StrictHostKeyChecking=yes"],
      ...["ServerAliveInterval=5", "ServerAliveCountMax=3"],
      ...["ControlMaster=auto", `ControlPath=${join(this.#folder, "c")}`, "ControlPersist=60"],
    ].flatMap((option) => ["-o", option]);
    const [first = "", ...rest] = words;
    const own = first.startsWith("-");
    const line = [
      ...options,
      ...(identity === undefined ? [] : ["-i", identity]),
      ...(own ? words : []),
      `root@${address}`,
      ...(own ? [] : [first, ...rest]),
    ];
    return new Promise<{ status: number | null; output: string; complaint: string }>((resolve, reject) => {
      const child = spawn("ssh", line, { stdio: ["pipe", "pipe", "pipe"] });
      let output = "";
      let complaint = "";
      child.stdout.on("data", (text) => {
        output += text;
      });
      child.stderr.on("data", (text) => {
        complaint += text;
      });
      child.once("error", (error) => reject(new UserError(`ssh cannot be started: ${error.message}`)));
      // `exit`, for the shared connection in the background may keep stderr open.
      child.once("exit", (status) => setImmediate(() => resolve({ status, output, complaint })));
      child.stdin.on("error", () => undefined); // a connection that fails reads nothing
      child.stdin.end(input);
    });
  }
}

/** A server that cannot be reached now. */
export class ConnectionError extends UserError {}
