import type { Context, ObjectStoreAddress } from "../../shared";
import { ArchiveBucket } from "./archive-bucket";
import { ArchiveFolder } from "./archive-folder";

export interface ArchivePlaces {
  /** Folder that is read first. @default none */
  readonly archive?: string | undefined;
  /** Bucket that survives the folder. @default none */
  readonly files?: ObjectStoreAddress | undefined;
}

/**
 * Keeps every downloaded file under its digest, so that imported files can be read again: in a folder, in a bucket, or in
 * both.
 */
export class Archive {
  private constructor(
    private readonly folder: ArchiveFolder | undefined,
    private readonly bucket: ArchiveBucket | undefined,
    private readonly context: Pick<Context, "log" | "signal">,
  ) {}

  /** Also copies what the folder has and the bucket lacks. Undefined where nothing is kept. */
  static async open(
    { archive, files }: ArchivePlaces,
    context: Pick<Context, "log" | "signal">,
  ): Promise<Archive | undefined> {
    if (archive === undefined && files === undefined) return undefined;
    const folder = archive === undefined ? undefined : new ArchiveFolder(archive);
    const bucket = files && (await ArchiveBucket.open(files, context));
    const opened = new Archive(folder, bucket, context);
    try {
      await opened.completeBucket();
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  async keep(name: string, digest: string, bytes: Uint8Array): Promise<void> {
    await this.folder?.keep(name, digest, bytes);
    await this.bucket?.keep(name, digest, bytes);
  }

  /** The file, if it exists and is unchanged. What only the bucket has is in the folder afterwards. */
  async find(name: string, digest: string): Promise<Uint8Array | undefined> {
    const near = await this.folder?.find(name, digest);
    if (near) return near;
    const far = await this.bucket?.find(name, digest);
    if (far) await this.folder?.keep(name, digest, far);
    return far;
  }

  close(): void {
    this.bucket?.close();
  }

  private async completeBucket(): Promise<void> {
    const { folder, bucket, context } = this;
    if (!folder || !bucket) return;
    const missing = (await folder.list()).filter((file) => !bucket.has(file));
    if (missing.length === 0) return;
    let copied = 0;
    for (const { key, digest } of missing) {
      context.signal.throwIfAborted();
      const bytes = await folder.find(key, digest);
      if (!bytes) {
        context.log.warn({ key }, `${key} in the folder of the archive is damaged and is not copied`);
        continue;
      }
      await bucket.keep(key, digest, bytes);
      copied++;
    }
    context.log.info(`${copied} files of the archive's folder are copied into its bucket`);
  }
}
