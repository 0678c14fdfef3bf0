import { parse } from "yaml";
import { fromBase94 } from "../../../components/shared/base94";
import { unpack } from "../../../components/shared/packed-files";

export interface UserData {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly content: string;
  }[];
  readonly runcmd: readonly (string | readonly string[])[];
}

export const parseUserData = (userData: string) => parse(userData) as UserData; // our own rendering

/** The files that a machine's user data lays down, by path. */
export function filesIn(userData: string): ReadonlyMap<string, string> {
  const [file] = parseUserData(userData).write_files;
  if (file?.path !== "/var/lib/trellis/files.b94") throw new Error("the user data has no packed files");
  return unpack(fromBase94(file.content));
}
