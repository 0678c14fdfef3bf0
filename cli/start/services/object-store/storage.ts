import type { Readable } from "node:stream";

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** An upload in parts that is under way. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
}

/** Where the objects of the buckets are: in memory for tests, on disk for the local run. */
export interface Storage {
  hasBucket(bucket: string): Promise<boolean>;
  makeBucket(bucket: string): Promise<void>;

  /** All objects, in the order of their keys. */
  list(bucket: string): Promise<readonly StoredObject[]>;
  /** How large an object is, and its content from a byte on; undefined where there is none. */
  open(
    bucket: string,
    key: string,
  ): Promise<{ readonly bytes: number; from(start: number): Buffer | Readable } | undefined>;
  write(bucket: string, key: string, content: Buffer): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;

  uploads(bucket: string): Promise<readonly Upload[]>;
  beginUpload(bucket: string, key: string): Promise<string>;
  writePart(bucket: string, upload: string, number: number, content: Buffer): Promise<void>;
  /** The entity tag of a part that was written. */
  partTag(bucket: string, upload: string, number: number): Promise<string | undefined>;
  /** Makes the object of these parts, in this order, and forgets the upload. */
  complete(bucket: string, upload: string, numbers: readonly number[]): Promise<void>;
  abandon(bucket: string, upload: string): Promise<void>;
}
