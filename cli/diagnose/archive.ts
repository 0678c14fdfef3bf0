import { gzipSync } from "node:zlib";
import { tar } from "../../components/shared/tar";
import type { Collected } from "./collect";
import type { Masks } from "./masks";

/** What a tar header has room for. */
const LONGEST_PATH = 99;

/** Masks all texts and their paths. Throws if a known secret is still there, whatever the reason. */
export function masked(files: Collected, masks: Masks): Collected {
  const result: Collected = new Map();
  for (const [path, text] of files) {
    const content = masks.mask(text);
    const leak = masks.leakIn(content);
    if (leak !== undefined) throw new Error(`${path} would show the secret ${leak}: nothing was written`);
    const named = masks.mask(path).replaceAll(/[<>:"\\|?*\s]+/g, "_");
    result.set(unique(result, named.slice(0, LONGEST_PATH - 4)), content);
  }
  return result;
}

function unique(taken: Collected, path: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Packs the files for `tar -xz`, in one folder. */
export function packed(files: Collected): Buffer {
  const entries = [...files].map(([path, content]) => ({
    path: `/${path}`,
    mode: "600",
    owner: "root",
    content,
  }));
  return gzipSync(tar(entries));
}
