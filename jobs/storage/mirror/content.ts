import { createHash } from "node:crypto";
import { z } from "zod";
import {
  decrypted,
  encrypted,
  JobError,
  type ObjectMetadata,
  type ObjectStore,
  type StoredVersion,
  StoreError,
} from "../../shared";
import type { CopyRecord } from "./records";

/**
 * A record's content, encrypted with age: one line of JSON, then the object's bytes. The line binds the content to its
 * key: an encrypted object that somebody stores under another name is refused.
 */
const header = z.strictObject({
  version: z.literal(1),
  bucket: z.string(),
  key: z.string(),
  modified: z.iso.datetime(),
  bytes: z.number().int().nonnegative(),
  etag: z.string(),
  metadata: z.record(z.string(), z.string()),
});

export type Header = z.infer<typeof header>;

/** The version is not what was listed any more; the next run sees what it is. */
export class Changed extends Error {}

const isGone = (error: unknown) =>
  error instanceof StoreError && [404, 412].includes(error.status) && error.code !== "NoSuchBucket";

interface SealedArgs {
  readonly source: ObjectStore;
  readonly bucket: string;
  readonly version: StoredVersion;
  /** The public key (age) that the content is encrypted for. */
  readonly recipient: string;
}

/** A version of the source, as it is stored in the copy. */
export async function* sealed({ source, bucket, version, recipient }: SealedArgs): AsyncGenerator<Buffer> {
  const metadata = await whereUnchanged(() => source.metadata(version.key, version));
  yield* encrypted(composed({ source, bucket, version, metadata }), recipient);
}

async function* composed({
  source,
  bucket,
  version,
  metadata,
}: Omit<SealedArgs, "recipient"> & { readonly metadata: ObjectMetadata }): AsyncGenerator<Buffer> {
  const { key, bytes, etag, modified } = version;
  const line: Header = {
    version: 1,
    bucket,
    key,
    modified: modified.toISOString(),
    bytes,
    etag,
    metadata: { ...metadata },
  };
  yield Buffer.from(`${JSON.stringify(line)}\n`);
  yield* checked(versionContent(source, version), version, `${key} in the bucket ${bucket}`);
}

/** The content of a version, or Changed where it is another or gone. */
export async function* versionContent(source: ObjectStore, version: StoredVersion): AsyncGenerator<Buffer> {
  try {
    yield* source.readVersion(version.key, version);
  } catch (error) {
    throw isGone(error) ? new Changed() : error;
  }
}

async function whereUnchanged<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw isGone(error) ? new Changed() : error;
  }
}

/** Throws where the bytes are not those of the ETag, so that a damaged object does not appear in the copy. */
async function* checked(
  content: AsyncIterable<Buffer>,
  { bytes, etag }: Pick<StoredVersion, "bytes" | "etag">,
  what: string,
): AsyncGenerator<Buffer> {
  const md5 = createHash("md5");
  let read = 0;
  for await (const chunk of content) {
    md5.update(chunk);
    read += chunk.length;
    yield chunk;
  }
  const isSame = read === bytes && (!isDigest(etag) || md5.digest("hex") === etag);
  if (!isSame) throw new JobError(`${what} is damaged: it is not what was stored there`);
}

/** Objects that were uploaded in parts have an ETag that is no digest of their content. */
export const isDigest = (etag: string) => /^[0-9a-f]{32}$/.test(etag);

interface OpenedArgs {
  readonly copy: ObjectStore;
  readonly bucket: string;
  readonly record: CopyRecord;
  /** The private key (age). */
  readonly identity: string;
}

/** A record, decrypted: its header, and the object's content. Both are checked against the record's name. */
export async function opened({ copy, bucket, record, identity }: OpenedArgs) {
  const plain = decrypted(copy.readVersion(record.name, record.first), {
    what: record.name,
    identity,
    variable: "MIRROR_IDENTITY",
  });
  let begun = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const next = await plain.next();
    if (next.done || begun.length > MOST_HEADER_BYTES) throw notMirrored(record);
    begun = Buffer.concat([begun, next.value]);
    end = begun.indexOf(10);
  }
  const read = header.safeParse(parsed(begun.subarray(0, end).toString()));
  if (!read.success || read.data.bucket !== bucket || read.data.key !== record.key) {
    await plain.return(undefined);
    throw notMirrored(record);
  }
  const content = checked(rest(begun.subarray(end + 1), plain), read.data, record.name);
  return { header: read.data, content };
}

/** Keys and metadata have limits of 1 and 8 KiB in S3. */
const MOST_HEADER_BYTES = 1_000_000;

const notMirrored = ({ name, key }: CopyRecord) =>
  new JobError(`${name} is not a copy of ${key}: somebody else has stored it under this name`);

async function* rest(begun: Buffer, plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (begun.length > 0) yield begun;
  yield* plain;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
