import { type StoredVersion, sha256Of } from "../../shared";

/**
 * Names in the off-site copy. Each version of an object is one record, each deletion another, and none is ever written
 * twice or changed: `<bucket>/<key>!!/<seen>.<modified>.<id>.age` and `<bucket>/<key>!!/<seen>.deleted`. A key that
 * writes therefore needs no permission to delete.
 */

/** Ends the object's key in a record's name. It sorts before anything that could continue the key. */
const END = "!!/";

/**
 * The characters up to "!" are escaped, so that records are listed in the order of the objects' keys. Both listings can
 * then be compared page by page.
 */
const encodeKey = (key: string) =>
  key.replace(/[\0-!]/g, (mark) => `!${mark.charCodeAt(0).toString(16).padStart(2, "0")}`);

const decodeKey = (encoded: string) =>
  encoded.replace(/!([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

export const compareKeys = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** One record of an object in the copy. */
export interface CopyRecord {
  /** Its name in the off-site bucket. */
  readonly name: string;
  /** Key of the object that it belongs to. */
  readonly key: string;
  /** When the mirror saw the version or the deletion: 20261121T020000123Z. Orders the records of a key. */
  readonly seen: string;
  /** The version's identity; undefined for a deletion. */
  readonly id: string | undefined;
  /** What was written first under this name; a later version can only be somebody else's. */
  readonly first: StoredVersion;
  /** All versions under this name, for the removal. */
  readonly stored: readonly StoredVersion[];
}

export const stampOf = (time: Date) => time.toISOString().replace(/[-:.]/g, "");

export const timeOf = (stamp: string) =>
  new Date(stamp.replace(/^(....)(..)(..)T(..)(..)(..)(...)Z$/, "$1-$2-$3T$4:$5:$6.$7Z"));

/**
 * Tells two versions of a key apart. Without versioning an object has no id, but its time and its ETag change with its
 * content.
 */
export const identityOf = ({ version, etag, modified }: StoredVersion) =>
  `${stampOf(modified)}.${version === "null" ? digestOf(etag) : digestOf(version)}`;

const digestOf = (text: string) => sha256Of(text).slice(0, 16);

/** S3's limit for a key, in bytes. */
const LONGEST_NAME = 1024;

export const recordName = (bucket: string, key: string, seen: string, version: StoredVersion) =>
  `${bucket}/${encodeKey(key)}${END}${seen}.${identityOf(version)}.age`;

export const deletionName = (bucket: string, key: string, seen: string) =>
  `${bucket}/${encodeKey(key)}${END}${seen}.deleted`;

export const isTooLong = (name: string) => Buffer.byteLength(name) > LONGEST_NAME;

/** Prefix of the records of the objects whose keys start with this. */
export const recordPrefix = (bucket: string, prefix = "") => `${bucket}/${encodeKey(prefix)}`;

const NAME = /^([^/]+)\/(.+)!!\/(\d{8}T\d{9}Z)\.(?:(\d{8}T\d{9}Z\.[0-9a-f]{16})\.age|deleted)$/s;

/** The record of all versions under one name; undefined for a name that is not the mirror's. */
export function recordOf(stored: readonly StoredVersion[]): CopyRecord | undefined {
  // Versions are listed newest first. A deletion mark of the store hides what is below it, and removes nothing.
  const first = stored.filter(({ deleted }) => !deleted).at(-1);
  const [, , key, seen, id] = NAME.exec(first?.key ?? "") ?? [];
  if (!first || key === undefined || seen === undefined) return undefined;
  return { name: first.key, key: decodeKey(key), seen, id, first, stored };
}
