import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { entityTag } from "./entity-tag";
import type { Storage, StoredObject, Upload } from "./storage";

/** Suffixes that distinguish objects from folders, so that both `a` and `a/b` can be keys. */
const OBJECT = ".object";
const FOLDER = ".folder";

/** Stores buckets as folders. A file is written to a temporary path and moved when it is complete. */
export class DiskStorage implements Storage {
  constructor(readonly folder: string) {}

  async hasBucket(bucket: string): Promise<boolean> {
    return exists(this.#bucket(bucket));
  }

  async makeBucket(bucket: string): Promise<void> {
    await mkdir(this.#bucket(bucket), { recursive: true });
  }

  async list(bucket: string): Promise<readonly StoredObject[]> {
    const root = this.#bucket(bucket);
    const names = await readdir(root, { recursive: true });
    const objects = await Promise.all(
      names
        .filter((name) => name.endsWith(OBJECT))
        .map(async (name) => {
          const { size, mtime } = await stat(join(root, name));
          return { key: keyOf(name), bytes: size, modified: mtime };
        }),
    );
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async open(bucket: string, key: string) {
    const path = this.#object(bucket, key);
    if (!(await exists(path))) return undefined;
    const { size } = await stat(path);
    return { bytes: size, from: (start: number) => createReadStream(path, { start }) };
  }

  async write(bucket: string, key: string, content: Buffer): Promise<void> {
    await this.#replace(bucket, key, (path) => writeFile(path, content));
  }

  async remove(bucket: string, key: string): Promise<void> {
    await rm(this.#object(bucket, key), { force: true });
  }

  async uploads(bucket: string): Promise<readonly Upload[]> {
    const root = this.#uploads(bucket);
    if (!(await exists(root))) return [];
    return Promise.all(
      (await readdir(root)).map(async (id) => {
        const about = join(root, id, "key");
        const [key, { mtime }] = await Promise.all([readFile(about, "utf8"), stat(about)]);
        return { id, key, initiated: mtime };
      }),
    );
  }

  async beginUpload(bucket: string, key: string): Promise<string> {
    const id = randomUUID();
    const folder = join(this.#uploads(bucket), id);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "key"), key);
    return id;
  }

  async writePart(bucket: string, upload: string, number: number, content: Buffer): Promise<void> {
    await writeFile(this.#part(bucket, upload, number), content);
  }

  async partTag(bucket: string, upload: string, number: number): Promise<string | undefined> {
    const path = this.#part(bucket, upload, number);
    return (await exists(path)) ? entityTag(await readFile(path)) : undefined;
  }

  async complete(bucket: string, upload: string, numbers: readonly number[]): Promise<void> {
    const key = await readFile(join(this.#uploads(bucket), upload, "key"), "utf8");
    await this.#replace(bucket, key, async (path) => {
      const parts = numbers.map((number) => this.#part(bucket, upload, number));
      await pipeline(async function* () {
        for (const part of parts) yield* createReadStream(part);
      }, createWriteStream(path));
    });
    await this.abandon(bucket, upload);
  }

  async abandon(bucket: string, upload: string): Promise<void> {
    await rm(join(this.#uploads(bucket), upload), { recursive: true, force: true });
  }

  async #replace(bucket: string, key: string, write: (path: string) => Promise<void>): Promise<void> {
    const path = this.#object(bucket, key);
    const fresh = `${path}.${randomUUID()}`;
    await mkdir(dirname(path), { recursive: true });
    try {
      await write(fresh);
      await rename(fresh, path);
    } finally {
      await rm(fresh, { force: true });
    }
  }

  #bucket(bucket: string): string {
    return join(this.folder, "buckets", safe(bucket));
  }

  #uploads(bucket: string): string {
    return join(this.folder, "uploads", safe(bucket));
  }

  #part(bucket: string, upload: string, number: number): string {
    return join(this.#uploads(bucket), safe(upload), `part-${number}`);
  }

  #object(bucket: string, key: string): string {
    const parts = key.split("/").map(safe);
    const name = parts.pop() ?? "";
    return join(this.#bucket(bucket), ...parts.map((part) => part + FOLDER), name + OBJECT);
  }
}

/** Encodes a name so that it cannot leave its folder: a name of only dots is escaped. */
const safe = (part: string) => encodeURIComponent(part).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length));

const keyOf = (name: string) =>
  name
    .slice(0, -OBJECT.length)
    .split("/")
    .map((part, index, { length }) =>
      decodeURIComponent(index < length - 1 ? part.slice(0, -FOLDER.length) : part),
    )
    .join("/");

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
