import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ContainerOutcome, runContainer } from "../kubernetes/container";
import { imageArchive, UnpackedImage } from "../kubernetes/image";
import { repository } from "../platform/stacks";
import { program } from "../programs";

const GENEROUS = { maxBuffer: 2 ** 26 };

/** Where a room finds the packages that npm has fetched on this machine before. */
const NPM_CACHE = "/var/cache/npm";

interface RoomUser {
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
  run(command: string): Promise<ContainerOutcome> {
    const { uid, gid, home } = this.#user;
    const environment = {
      HOME: home,
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      NO_COLOR: "1",
      npm_config_cache: NPM_CACHE,
      npm_config_offline: "true",
    };
    return runContainer(this.#folder, {
      ...{ root: this.#root, readonly: false, user: { uid, gid }, cwd: join(home, "trellis") },
      args: ["/bin/sh", "-c", command],
      env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      capabilities: uid === 0 ? ROOT_CAPABILITIES : [],
      alone: true,
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What Docker leaves to root in a container, as far as somebody there would notice. */
const ROOT_CAPABILITIES = [
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"],
];
