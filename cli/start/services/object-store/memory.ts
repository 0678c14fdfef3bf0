import { randomUUID } from "node:crypto";
import { entityTag } from "./entity-tag";
import type { Storage, StoredObject, Upload } from "./storage";

interface MemoryUpload {
  readonly key: string;
  readonly initiated: Date;
  readonly parts: Map<number, Buffer>;
}

/** One bucket in memory. Tests can read and change its objects directly. */
export class MemoryStorage implements Storage {
  readonly objects = new Map<string, Buffer>();
  readonly pending = new Map<string, MemoryUpload>();

  constructor(readonly bucket: string) {}

  async hasBucket(bucket: string): Promise<boolean> {
    return bucket === this.bucket;
  }

  async makeBucket(): Promise<void> {
    throw new Error(`there is only the bucket ${this.bucket}`);
  }

  async list(): Promise<readonly StoredObject[]> {
    return [...this.objects]
      .map(([key, { length }]) => ({ key, bytes: length, modified: new Date("2026-01-01") }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async open(_: string, key: string) {
    const content = this.objects.get(key);
    return content && { bytes: content.length, from: (start: number) => content.subarray(start) };
  }

  async write(_: string, key: string, content: Buffer): Promise<void> {
    this.objects.set(key, content);
  }

  async remove(_: string, key: string): Promise<void> {
    this.objects.delete(key);
  }

  async uploads(): Promise<readonly Upload[]> {
    return [...this.pending].map(([id, { key, initiated }]) => ({ id, key, initiated }));
  }

  async beginUpload(_: string, key: string): Promise<string> {
    const id = randomUUID();
    this.pending.set(id, { key, initiated: new Date(), parts: new Map() });
    return id;
  }

  async writePart(_: string, upload: string, number: number, content: Buffer): Promise<void> {
    this.pending.get(upload)?.parts.set(number, content);
  }

  async partTag(_: string, upload: string, number: number): Promise<string | undefined> {
    const part = this.pending.get(upload)?.parts.get(number);
    return part && entityTag(part);
  }

  async complete(_: string, upload: string, numbers: readonly number[]): Promise<void> {
    const pending = this.pending.get(upload);
    if (!pending) return;
    this.objects.set(
      pending.key,
      Buffer.concat(numbers.flatMap((number) => pending.parts.get(number) ?? [])),
    );
    this.pending.delete(upload);
  }

  async abandon(_: string, upload: string): Promise<void> {
    this.pending.delete(upload);
  }
}
