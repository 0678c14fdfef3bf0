import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { program } from "../programs";

export const IMAGE_PROGRAMS = ["busybox", "tar"];

/** What holds a pod's namespaces. */
export const PAUSE_IMAGE = "localhost/pause:1";
/** A shell and the usual programs, for pods of tests. */
export const BUSYBOX_IMAGE = "localhost/busybox:1";

interface ImageArgs {
  /** By which pods ask for it, with a tag. */
  readonly names: readonly string[];
  /** Paths of this machine that lie in the image at the same place. @default none */
  readonly paths?: readonly string[];
  /** The folder that becomes the layer above; everything in the image is root's. */
  readonly root: string;
  readonly config: {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly User?: string;
    readonly WorkingDir?: string;
  };
}

const MEDIA = "application/vnd.oci.image";
const REPRODUCIBLE = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];

/** Packs an image in OCI's own archive form, which `ctr images import` reads; without any registry. */
export async function packImage(
  archive: string,
  { names, paths = [], root, config }: ImageArgs,
): Promise<string> {
  const draft = `${archive}.draft`;
  const blobs = join(draft, "blobs", "sha256");
  const tar = (...words: string[]) =>
    promisify(execFile)(program("tar"), ["--create", ...REPRODUCIBLE, "--file", ...words]);
  mkdirSync(blobs, { recursive: true });
  try {
    const kept = async (mediaType: string, file: string) => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(file), hash);
      const digest = hash.digest("hex");
      renameSync(file, join(blobs, digest));
      return {
        mediaType: `${MEDIA}.${mediaType}`,
        digest: `sha256:${digest}`,
        size: statSync(join(blobs, digest)).size,
      };
    };
    const json = (mediaType: string, value: object) => {
      writeFileSync(join(draft, "json"), JSON.stringify(value));
      return kept(`${mediaType}+json`, join(draft, "json"));
    };
    const layer = async (...words: string[]) => {
      await tar(join(draft, "layer"), ...words);
      return kept("layer.v1.tar", join(draft, "layer"));
    };
    const layers = [];
    if (paths.length > 0)
      layers.push(await layer("--directory=/", ...paths.map((path) => path.replace(/^\//, ""))));
    layers.push(await layer(`--directory=${root}`, "."));
    const platform = { architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux" };
    const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
    const manifest = await json("manifest.v1", {
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config: await json("config.v1", { ...platform, config, rootfs }),
      layers,
    });
    const named = names.map((name) => ({
      ...manifest,
      platform,
      annotations: { "io.containerd.image.name": name },
    }));
    writeFileSync(join(draft, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    writeFileSync(join(draft, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: named }));
    await tar(archive, `--directory=${draft}`, "oci-layout", "index.json", "blobs");
    return archive;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Lays Debian's static busybox, with all that it can do, into the root of an image. */
export function layBusybox(root: string): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  for (const directory of ["etc", "proc", "sys", "dev", "tmp"])
    mkdirSync(join(root, directory), { recursive: true });
  const busybox = join(root, "bin", "busybox");
  copyFileSync(program("busybox"), busybox);
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n");
  for (const applet of applets) {
    if (applet !== basename(busybox)) symlinkSync("busybox", join(root, "bin", applet));
  }
}

/** The pause image, and one for pods of tests. */
export function busyboxImage(folder: string): Promise<string> {
  const root = join(folder, "busybox");
  layBusybox(root);
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/:/bin/sh\n");
  return packImage(join(folder, "busybox.tar"), {
    names: [PAUSE_IMAGE, BUSYBOX_IMAGE],
    root,
    config: { Cmd: ["/bin/sleep", "infinity"], Env: ["PATH=/bin"] },
  });
}
