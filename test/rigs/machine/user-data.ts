import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { BASE85_DIGITS } from "../../../components/servers/machine/base85";
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

function fromBase85(text: string): Buffer {
  const missing = (5 - (text.length % 5)) % 5;
  const padded = text + "~".repeat(missing);
  const words = (padded.match(/.{5}/gs) ?? []).map((digits) =>
    [...digits].reduce((word, digit) => word * 85 + BASE85_DIGITS.indexOf(digit), 0),
  );
  const data = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    data.writeUInt32BE(word, index * 4);
  });
  return data.subarray(0, data.length - missing);
}
