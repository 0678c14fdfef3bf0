import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../components/shared/user-error";

/** What a failed operation on a file means, by the error's code. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied; check its owner and mode",
  EPERM: "the operation is not permitted; check its owner and mode",
  EROFS: "the file system is read-only; use a folder that can be written",
  ENOSPC: "no space is left on the device; free some and repeat",
  EDQUOT: "your disk quota is used up; free some space and repeat",
};

interface FileError {
  readonly code: string;
  readonly path?: string;
}

/** One sentence for an error of the file system that the user can fix; undefined for every other error. */
export function fileSentence(error: unknown): string | undefined {
  if (!isFileError(error)) return undefined;
  const { code, path } = error;
  return `${path ?? "a file of this command"}: ${REASONS[code]} (${code})`;
}

/** Makes a folder and those around it. On a read-only file system Node names neither the folder nor the reason. */
export function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, { recursive: true, ...(mode !== undefined && { mode }) });
  } catch (error) {
    let around = dirname(path);
    while (!existsSync(around)) around = dirname(around);
    accessSync(around, constants.W_OK);
    throw error;
  }
}

/** Does work on files. If it fails for a reason of the file system that names no file, the error names this path. */
export function onFiles<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new UserError(fileSentence({ code: error.code, path: error.path ?? path }) ?? "", { cause: error });
  }
}

function isFileError(error: unknown): error is FileError {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code in REASONS
  );
}
