import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_MAP_BYTES, JobError } from "../../shared";

/**
 * The largest file of a model: the limit of a ConfigMap, so that a model fits both ways of deployment. 20000 columns fit
 * into it. A file of this size that was made to be slow is checked within seconds (yaml.ts).
 */
export const MOST_BYTES = CONFIG_MAP_BYTES;

/**
 * Reads a regular file from a model's folder; undefined where there is none. Links are refused: otherwise the author of
 * a model could choose what the job reads, and `/proc/self/environ` contains its passwords.
 */
export function readModelFile(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  const place = mounted(folder, name) ?? path;
  if (kindOf(place) === undefined) return undefined;
  const bytes = readRegular(place, path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new JobError(`${path} is not encoded as UTF-8`);
  }
}

/** kubelet mounts a ConfigMap's `x` as a link to `..data/x`, and `..data` as a link to a folder beside it. */
function mounted(folder: string, name: string): string | undefined {
  if (linkOf(join(folder, name)) !== join("..data", name)) return undefined;
  const version = linkOf(join(folder, "..data"));
  if (version === undefined || !/^\.\.\d[\w.-]*$/.test(version)) return undefined;
  return lstatSync(join(folder, version), { throwIfNoEntry: false })?.isDirectory()
    ? join(folder, version, name)
    : undefined;
}

const linkOf = (path: string) => (kindOf(path) === "link" ? readlinkSync(path) : undefined);

function kindOf(path: string): "link" | "other" | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && (found.isSymbolicLink() ? "link" : "other");
}

function readRegular(place: string, path: string): Buffer {
  const file = open(place, path);
  try {
    if (!fstatSync(file).isFile()) throw new JobError(`${path} is not a regular file`);
    // Measures the bytes that it reads, because files in /proc report no size.
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) break;
    }
    if (length > MOST_BYTES) {
      throw new JobError(`${path} is too large; allowed: ${MOST_BYTES} bytes; split the model`);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Opens without blocking: opening a pipe would wait for a writer. */
function open(place: string, path: string): number {
  try {
    return openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ELOOP") {
      throw new JobError(
        `${path} is a symbolic link; the files of a model are regular files: copy what it points to`,
      );
    }
    throw new JobError(`${path} cannot be read (${String(code)})`);
  }
}
