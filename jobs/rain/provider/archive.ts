import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { sha256Of } from "../../shared";

/** A folder that keeps every downloaded file under its digest, so that imported files can be read again. */
export class Archive {
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
