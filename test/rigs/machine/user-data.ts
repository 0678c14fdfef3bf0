import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { fromBase85 } from "../../../components/shared/base85";
import { untar } from "../../../components/shared/tar";

export interface UserData {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly content: string;
  }[];
  readonly runcmd: readonly (string | readonly string[])[];
}

export const parseUserData = (userData: string) => parse(userData) as UserData; // our own rendering

/** The archive of all files that a machine's user data carries. */
export function archiveIn(userData: string): Buffer {
  const [file] = parseUserData(userData).write_files;
  if (file?.path !== "/var/lib/trellis/files.b85") throw new Error("the user data has no archive of files");
  return fromBase85(file.content);
}

/** The files that a machine's user data lays down, by path. */
export function filesIn(userData: string): ReadonlyMap<string, string> {
  return untar(gunzipSync(archiveIn(userData)));
}
