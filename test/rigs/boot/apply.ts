import { type ChildProcess, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repository } from "../platform/stacks";
import { program } from "../programs";
import type { DataCenter } from "./data-center";
import { OUTSIDE } from "./site";

export interface Applied {
  readonly status: number | null;
  readonly output: string;
  readonly complaint: string;
}

/** An operator outside of all servers who may log in to them and knows their host keys. */
export class Operator {
  readonly #center: DataCenter;
  readonly #home: string;
  readonly #publicKey: string;

  constructor(center: DataCenter) {
    this.#center = center;
    this.#home = mkdtempSync(join(tmpdir(), "trellis-operator-"));
    execFileSync(program("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", join(this.#home, "key")]);
    this.#publicKey = readFileSync(join(this.#home, "key.pub"), "utf8").trim();
    writeFileSync(join(this.#home, "hosts"), `127.0.0.1 localhost\n${OUTSIDE.public} api.hetzner.cloud\n`);
    writeFileSync(join(this.#home, "authority"), center.outside.authority);
    this.#writeSsh();
  }

  /** Learns the host keys of all servers, and has their consent to log in. */
  meet(): void {
    const known = this.#center.servers.map((server) => {
      const keys = server.pathOf("/root/.ssh/authorized_keys");
      mkdirSync(dirname(keys), { recursive: true, mode: 0o700 });
      writeFileSync(keys, `${this.#publicKey}\n`, { mode: 0o600 });
      const [kind, key] = (server.read("/etc/ssh/ssh_host_ed25519_key.pub") ?? "").split(" ");
      return `${this.#center.facts.publicAddress[server.name]} ${kind} ${key}\n`;
    });
    writeFileSync(join(this.#home, "known_hosts"), known.join(""));
  }

  /** Forgets the host keys of all servers. */
  forget(): void {
    writeFileSync(join(this.#home, "known_hosts"), "");
  }

  /** The mark that the outputs give a server's user data. */
  markOf(userData: string): string {
    return createHash("sha256").update(userData).digest("hex").slice(0, 12);
  }

  /** Runs `trellis apply` with the user data that servers shall have now. */
  async apply(userData: readonly string[], ...flags: string[]): Promise<Applied> {
    return this.start(userData, ...flags).ended;
  }

  start(userData: readonly string[], ...flags: string[]): { child: ChildProcess; ended: Promise<Applied> } {
    const outputs = join(this.#home, "outputs.json");
    const servers = Object.fromEntries(
      this.#center.servers.map(({ name }) => [name, this.#center.facts.publicAddress[name]]),
    );
    const firstBoots = Object.fromEntries(
      this.#center.servers.map(({ name }, index) => {
        const text = userData[index] ?? "";
        return [
          name,
          { image: "debian-13", sshKeys: [this.#publicKey], userData: text, mark: this.markOf(text) },
        ];
      }),
    );
    writeFileSync(outputs, JSON.stringify({ servers, firstBoots }), { mode: 0o600 });
    const child = this.#center.startOutside(
      program("unshare"),
      [
        ...["--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', join(this.#home, "hosts")],
        ...[process.execPath, join(repository, "cli/trellis.mjs"), "apply"],
        ...["--outputs", outputs, "--identity", join(this.#home, "key"), ...flags],
      ],
      {
        cwd: repository,
        env: {
          PATH: `${join(this.#home, "bin")}:${process.env.PATH}`,
          HOME: this.#home,
          HCLOUD_TOKEN: "t".repeat(64),
          NODE_EXTRA_CA_CERTS: join(this.#home, "authority"),
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let [output, complaint] = ["", ""];
    child.stdout?.on("data", (text) => {
      output += text;
    });
    child.stderr?.on("data", (text) => {
      complaint += text;
    });
    const ended = new Promise<Applied>((done) =>
      child.on("close", (status) => done({ status, output, complaint })),
    );
    return { child, ended };
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** ssh reads the home folder of root from /etc/passwd, not from HOME. */
  #writeSsh(): void {
    mkdirSync(join(this.#home, "bin"));
    const script = `#!/bin/sh\nexec ${program("ssh")} -o UserKnownHostsFile=${this.#home}/known_hosts "$@"\n`;
    writeFileSync(join(this.#home, "bin/ssh"), script, { mode: 0o755 });
  }
}
