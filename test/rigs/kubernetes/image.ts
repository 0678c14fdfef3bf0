import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type ContainerOutcome, runContainer } from "./container";

/** What this machine must have to build an image and to run what is in it. */
export const IMAGE_PROGRAMS = ["mmdebstrap", "buildah", "runc", "tar", "flock"];

export type ImageName = "node" | "jobs" | "postgres" | "recovery";

const CHECKOUT = resolve(import.meta.dirname, "../../..");
const SCRIPT = join(CHECKOUT, "test/toolchain/images.sh");
const GENEROUS = { maxBuffer: 2 ** 26 };

/** The OCI archive of one of the platform's images: built from a checkout, or kept from when it was. */
export async function imageArchive(name: ImageName, checkout = CHECKOUT): Promise<string> {
  const environment = { ...process.env, TRELLIS_CHECKOUT: checkout };
  const { stdout } = await promisify(execFile)("bash", [SCRIPT, name], { ...GENEROUS, env: environment });
  const archive = stdout.trim().split("\t")[1];
  if (!archive) throw new Error(`${SCRIPT} named no archive of ${name}`);
  return archive;
}

/** Builds an image once more into an archive, from another checkout and with nothing kept but its base. */
export async function buildAfresh(name: ImageName, context: string, archive: string): Promise<void> {
  await promisify(execFile)("bash", [SCRIPT, "--afresh", name, context, archive], GENEROUS);
}

interface Configuration {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
}

/** An image taken apart in a folder. */
export class UnpackedImage {
  readonly digest: string;
  readonly configuration: Configuration;
  /** Of each layer, as it travels. */
  readonly layerBytes: readonly number[];
  /** The file system that a container of it sees. */
  readonly root: string;
  readonly #folder: string;

  private constructor(folder: string) {
    const blob = (digest: string) => join(folder, "archive", "blobs", ...digest.split(":"));
    const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
    const [manifest] = json(join(folder, "archive", "index.json")).manifests;
    const { config, layers } = json(blob(manifest.digest));
    this.#folder = folder;
    this.root = join(folder, "root");
    this.digest = manifest.digest;
    this.configuration = json(blob(config.digest)).config;
    this.layerBytes = layers.map(({ size }: { size: number }) => size);
    this.layers = layers.map(({ digest }: { digest: string }) => blob(digest));
  }

  /** The layers' own archives, the lowest first. */
  readonly layers: readonly string[];

  static async open(archive: string, folder: string): Promise<UnpackedImage> {
    mkdirSync(join(folder, "archive"), { recursive: true });
    mkdirSync(join(folder, "root"));
    await promisify(execFile)("tar", [
      "--extract",
      "--file",
      archive,
      "--directory",
      join(folder, "archive"),
    ]);
    const image = new UnpackedImage(folder);
    for (const layer of image.layers) await image.#lay(layer);
    return image;
  }

  /** `.wh.<name>` in a layer takes away what a lower one has brought. */
  async #lay(layer: string): Promise<void> {
    for (const path of await entriesOf(layer)) {
      const [, parent = "", name] = /^(.*\/)?\.wh\.([^/]+)$/.exec(path) ?? [];
      if (name) rmSync(join(this.root, parent, name), { recursive: true, force: true });
    }
    const words = ["--extract", "--numeric-owner", "--same-permissions", "--exclude=.wh.*"];
    await promisify(execFile)("tar", [...words, "--file", layer, "--directory", this.root]);
  }

  /**
   * Runs a container as the restricted pod security profile lets it run: as the image's own user, with no capability and
   * no way to get one, on a file system that it cannot write to but for /tmp. It sees the loopback of this machine.
   */
  run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ContainerOutcome> {
    return this.exec([...(this.configuration.Entrypoint ?? []), ...args], environment);
  }

  /** The same with another command than the image's. */
  exec(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ContainerOutcome> {
    const [uid = 0, gid = 0] = (this.configuration.User ?? "0:0").split(":").map(Number);
    const own = Object.entries({ HOME: "/tmp", ...environment }).map(([key, value]) => `${key}=${value}`);
    return runContainer(this.#folder, {
      ...{ root: this.root, readonly: true, user: { uid, gid }, cwd: "/" },
      args: command,
      env: [...(this.configuration.Env ?? []), ...own],
      capabilities: [],
      alone: false,
    });
  }
}

/** The paths in an archive. */
export async function entriesOf(archive: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("tar", ["--list", "--file", archive], GENEROUS);
  return stdout.split("\n").filter(Boolean);
}
