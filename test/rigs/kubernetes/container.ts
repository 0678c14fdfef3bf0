import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "../programs";

const OUTPUT = { maxBuffer: 2 ** 26 };

interface Container {
  readonly root: string;
  readonly readonly: boolean;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly args: readonly string[];
  /** Each as `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: readonly string[];
  /** Whether its network is a loopback of its own, and not this machine's. */
  readonly alone: boolean;
}

export interface ContainerOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a container by runc, whose files stand in a folder for so long. Nothing in it gets more rights than it begins with. */
export async function runContainer(folder: string, container: Container): Promise<ContainerOutcome> {
  const name = `trellis-test-${randomUUID()}`;
  const bundle = join(folder, name);
  mkdirSync(bundle);
  writeFileSync(join(bundle, "config.json"), JSON.stringify(specificationOf(container)));
  try {
    return await new Promise((done) => {
      execFile(program("runc"), ["run", "--bundle", bundle, name], OUTPUT, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  } finally {
    await promisify(execFile)(program("runc"), ["delete", "--force", name]);
    rmSync(bundle, { recursive: true, force: true });
  }
}

function specificationOf({ root, readonly, user, args, env, cwd, capabilities, alone }: Container) {
  const namespaces = ["pid", "ipc", "uts", "mount", ...(alone ? ["network"] : [])];
  return {
    ociVersion: "1.0.2",
    process: {
      ...{ user, args, env, cwd },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: root, readonly },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "nodev", "mode=1777"] },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
    ],
    linux: { namespaces: namespaces.map((type) => ({ type })) },
  };
}
