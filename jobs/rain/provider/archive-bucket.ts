import {
  type Context,
  JobError,
  ObjectStore,
  type ObjectStoreAddress,
  reason,
  StoreError,
  sha256Of,
} from "../../shared";
import { type ArchivedFile, keyOf } from "./archived-file";

/** The bucket cannot be listed, written or read: it would fail for further files too. */
export class ArchiveUnavailable extends JobError {}

/** A bucket that keeps every file under its digest. It is listed once, when it is opened. */
export class ArchiveBucket {
  private readonly store: ObjectStore;
  /** The size of each object, by key. */
  private readonly sizes = new Map<string, number>();

  private constructor(
    address: ObjectStoreAddress,
    private readonly context: Pick<Context, "log" | "signal">,
  ) {
    this.store = new ObjectStore(address, context.signal);
  }

  static async open(
    address: ObjectStoreAddress,
    context: Pick<Context, "log" | "signal">,
  ): Promise<ArchiveBucket> {
    const bucket = new ArchiveBucket(address, context);
    try {
      const objects = await bucket.attempt("the archive of rain files", bucket.store.list(""));
      for (const { key, bytes } of objects) bucket.sizes.set(key, bytes);
      return bucket;
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  /** Whether the bucket has a file of this size. Damage that keeps the size shows when the file is read. */
  has({ key, bytes }: ArchivedFile): boolean {
    return this.sizes.get(key) === bytes;
  }

  async keep(name: string, digest: string, bytes: Uint8Array): Promise<void> {
    const key = keyOf(name, digest);
    if (this.has({ key, digest, bytes: bytes.length })) return;
    await this.attempt(`${name} in the archive`, this.store.write(key, Buffer.from(bytes)));
    this.sizes.set(key, bytes.length);
  }

  /** The file, if it exists and is unchanged. A damaged one counts as missing, so that it is written again. */
  async find(name: string, digest: string): Promise<Uint8Array | undefined> {
    const key = keyOf(name, digest);
    if (!this.sizes.has(key)) return undefined;
    const bytes = await this.attempt(`${name} in the archive`, this.read(key));
    if (bytes && sha256Of(bytes) === digest) return bytes;
    this.sizes.delete(key);
    if (bytes)
      this.context.log.warn(
        { key },
        `${name}: its object ${key} in the bucket ${this.store.address.bucket} is damaged and is not used`,
      );
    return undefined;
  }

  close(): void {
    this.store.close();
  }

  private async read(key: string): Promise<Uint8Array | undefined> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of this.store.read(key)) chunks.push(chunk);
      return Buffer.concat(chunks);
    } catch (error) {
      if (error instanceof StoreError && error.code === "NoSuchKey") return undefined;
      throw error;
    }
  }

  private async attempt<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.context.signal.throwIfAborted();
      const message = `${what} is not available: ${reason(error)}. Start the import again when that is mended: it copies what the bucket lacks.`;
      throw new ArchiveUnavailable(message, 1, { cause: error });
    }
  }
}
