import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../../shared";
import { type ArchivedFile, digestOf, keyOf } from "./archived-file";

/** A folder that keeps every file under its digest. */
export class ArchiveFolder {
  constructor(private readonly folder: string) {}

  /** Written under another name first: a file with its final name is always complete. */
  async keep(name: string, digest: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(name, digest);
    if (await this.find(name, digest)) return;
    await mkdir(join(path, ".."), { recursive: true });
    const unfinished = `${path}.${process.pid}.part`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  }

  /** The file, if it exists and is unchanged. */
  async find(name: string, digest: string): Promise<Uint8Array | undefined> {
    const bytes = await unlessMissing(readFile(this.pathOf(name, digest)));
    return bytes && sha256Of(bytes) === digest ? bytes : undefined;
  }

  /** All complete files, damaged ones included. A volume may have folders of its own that nobody can read. */
  async list(): Promise<ArchivedFile[]> {
    const files: ArchivedFile[] = [];
    const prefixes = (await unlessMissing(readdir(this.folder))) ?? [];
    for (const prefix of prefixes.filter((each) => /^[0-9a-f]{2}$/.test(each))) {
      for (const name of await readdir(join(this.folder, prefix))) {
        const key = `${prefix}/${name}`;
        const digest = digestOf(key);
        if (digest !== undefined)
          files.push({ key, digest, bytes: (await stat(join(this.folder, key))).size });
      }
    }
    return files;
  }

  private pathOf(name: string, digest: string): string {
    return join(this.folder, keyOf(name, digest));
  }
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
