import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ContainerOutcome, imageArchive, UnpackedImage } from "./image";
import { program } from "./programs";
import { repository } from "./stacks";

const GENEROUS = { maxBuffer: 2 ** 26 };

/** Where a room finds the packages that npm has fetched on this machine before. */
const NPM_CACHE = "/var/cache/npm";

export interface RoomUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * A Debian with Node, npm and what its image has besides, a fresh clone of this checkout's last commit in it, and no way
 * out: its network is a loopback of its own, so npm takes its packages from what this machine has fetched before.
 */
export class CleanRoom {
  readonly #folder: string;
  readonly #root: string;
  readonly #user: RoomUser;

  private constructor(folder: string, root: string, user: RoomUser) {
    this.#folder = folder;
    this.#root = root;
    this.#user = user;
  }

  static async open(image: "node" | "jobs", user: RoomUser): Promise<CleanRoom> {
    const archive = await imageArchive(image);
    const folder = mkdtempSync(join(tmpdir(), "trellis-room-"));
    try {
      chmodSync(folder, 0o755);
      const { root } = await UnpackedImage.open(archive, folder);
      const room = new CleanRoom(folder, root, user);
      await room.#furnish();
      return room;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #furnish(): Promise<void> {
    const home = join(this.#root, this.#user.home);
    mkdirSync(home, { recursive: true });
    const git = [
      "-c",
      "safe.directory=*",
      "clone",
      "--quiet",
      "--no-local",
      repository,
      join(home, "trellis"),
    ];
    await promisify(execFile)(program("git"), git, GENEROUS);
    const { stdout } = await promisify(execFile)("npm", ["config", "get", "cache"]);
    const fetched = join(stdout.trim(), "_cacache");
    if (!existsSync(fetched)) throw new Error(`npm has fetched nothing on this machine: no ${fetched}`);
    cpSync(fetched, join(this.#root, NPM_CACHE, "_cacache"), { recursive: true });
    const { uid, gid } = this.#user;
    const owned = [home, join(this.#root, NPM_CACHE)];
    await promisify(execFile)("chown", ["--recursive", `${uid}:${gid}`, ...owned]);
  }

  /** Runs a command in the clone, with the environment of somebody who has just logged in. */
  async run(command: string): Promise<ContainerOutcome> {
    const name = `trellis-room-${randomUUID()}`;
    const bundle = join(this.#folder, name);
    mkdirSync(bundle);
    writeFileSync(join(bundle, "config.json"), JSON.stringify(this.#container(command)));
    try {
      return await new Promise((done) => {
        execFile(program("runc"), ["run", "--bundle", bundle, name], GENEROUS, (error, stdout, stderr) =>
          done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
        );
      });
    } finally {
      await promisify(execFile)(program("runc"), ["delete", "--force", name]);
      rmSync(bundle, { recursive: true, force: true });
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #container(command: string) {
    const { uid, gid, home } = this.#user;
    const environment = {
      HOME: home,
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      NO_COLOR: "1",
      npm_config_cache: NPM_CACHE,
      npm_config_offline: "true",
    };
    const capabilities = uid === 0 ? ROOT_CAPABILITIES : [];
    return {
      ociVersion: "1.0.2",
      process: {
        user: { uid, gid },
        args: ["/bin/sh", "-c", command],
        env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
        cwd: join(home, "trellis"),
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
        noNewPrivileges: true,
      },
      root: { path: this.#root, readonly: false },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
        { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "nodev", "mode=1777"] },
        { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
      ],
      linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
    };
  }
}

/** What Docker leaves to root in a container, as far as somebody there would notice. */
const ROOT_CAPABILITIES = [
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"],
];
