import type { Readable } from "node:stream";

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** An unfinished multipart upload. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
}

/** Stores the objects of the buckets: in memory for tests, on disk for the local run. */
export interface Storage {
  hasBucket(bucket: string): Promise<boolean>;
  makeBucket(bucket: string): Promise<void>;

  /** All objects, sorted by key. */
  list(bucket: string): Promise<readonly StoredObject[]>;
  /** An object's size, and its content from a given byte on; undefined if it does not exist. */
  open(
    bucket: string,
    key: string,
  ): Promise<{ readonly bytes: number; from(start: number): Buffer | Readable } | undefined>;
  write(bucket: string, key: string, content: Buffer): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;

  uploads(bucket: string): Promise<readonly Upload[]>;
  beginUpload(bucket: string, key: string): Promise<string>;
  writePart(bucket: string, upload: string, number: number, content: Buffer): Promise<void>;
  /** The ETag of an uploaded part; undefined if it does not exist. */
  partTag(bucket: string, upload: string, number: number): Promise<string | undefined>;
  /** Joins these parts, in this order, to the object, and removes the upload. */
  complete(bucket: string, upload: string, numbers: readonly number[]): Promise<void>;
  abandon(bucket: string, upload: string): Promise<void>;
}
