import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { sha256Of } from "../../shared";

/** A folder that keeps every file that was ever fetched, under its digest: what was imported can be read again. */
export class Archive {
  constructor(private readonly folder: string) {}

  /** Stored under another name first: a file with its own name is always whole. */
  async keep(name: string, digest: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(name, digest);
    if (await this.find(name, digest)) return;
    await mkdir(join(path, ".."), { recursive: true });
    const unfinished = `${path}.${process.pid}.part`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  }

  /** The file, if it is there and still what it was. */
  async find(name: string, digest: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(this.pathOf(name, digest));
      return sha256Of(bytes) === digest ? bytes : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  private pathOf(name: string, digest: string): string {
    return join(this.folder, digest.slice(0, 2), `${digest}${extname(name)}`);
  }
}
