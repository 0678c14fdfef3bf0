import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repository } from "../platform/stacks";
import { program } from "../programs";
import type { DataCenter } from "./data-center";

export interface Verified {
  readonly status: number | null;
  readonly kept: number;
  /** Each broken promise with its reason. */
  readonly broken: readonly string[];
}

/** Runs `trellis verify servers` outside of all servers, with a key that they trust. */
export async function verifyOverSsh(center: DataCenter): Promise<Verified> {
  const home = mkdtempSync(join(tmpdir(), "trellis-verify-"));
  const identity = join(home, "key");
  execFileSync(program("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", identity]);
  for (const server of center.servers) {
    const keys = server.pathOf("/root/.ssh/authorized_keys");
    mkdirSync(dirname(keys), { recursive: true, mode: 0o700 });
    writeFileSync(keys, readFileSync(`${identity}.pub`), { mode: 0o600 });
  }
  const outputs = join(home, "outputs.json");
  const servers = Object.fromEntries(
    center.servers.map(({ name }) => [name, center.facts.publicAddress[name]]),
  );
  writeFileSync(outputs, JSON.stringify({ servers, outdatedServers: [] }));
  try {
    const command = center.startOutside(
      process.execPath,
      [
        ...[join(repository, "cli/trellis.mjs"), "verify"],
        ...["servers", "--outputs", outputs, "--identity", identity, "--json"],
      ],
      {
        cwd: repository,
        // Each run has servers with other host keys.
        env: { PATH: `${trustAll(home)}:${process.env.PATH}`, HOME: home },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let output = "";
    command.stdout?.on("data", (text) => {
      output += text;
    });
    const status = await new Promise<number | null>((done) => command.on("close", done));
    const results: { promise: string; broken?: string }[] = JSON.parse(output);
    return {
      status,
      kept: results.filter(({ broken }) => broken === undefined).length,
      broken: results.flatMap(({ promise, broken }) =>
        broken === undefined ? [] : [`${promise}: ${broken}`],
      ),
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** A folder with an `ssh` that remembers no host: ssh reads the home folder of root from /etc/passwd, not from HOME. */
function trustAll(home: string): string {
  const folder = join(home, "bin");
  mkdirSync(folder);
  const script = `#!/bin/sh\nexec ${program("ssh")} -o UserKnownHostsFile=${home}/known_hosts "$@"\n`;
  writeFileSync(join(folder, "ssh"), script, { mode: 0o755 });
  return folder;
}
