import { extname } from "node:path";

/** A file of the archive, in the folder or in the bucket. */
export interface ArchivedFile {
  /** Path in the folder and key in the bucket. */
  readonly key: string;
  readonly digest: string;
  readonly bytes: number;
}

/** Two digits of the digest, the digest, and the ending of the file's name. */
export const keyOf = (name: string, digest: string): string =>
  `${digest.slice(0, 2)}/${digest}${extname(name)}`;

/** The digest in a key; undefined for anything else, such as a file that is being written. */
export const digestOf = (key: string): string | undefined =>
  /^([0-9a-f]{2})\/(\1[0-9a-f]{62})(\.[^./]+)?$/.exec(key)?.[2];
