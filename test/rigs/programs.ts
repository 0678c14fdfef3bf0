import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";

/** Where the programs built from source are kept, outside the checkout. */
export const cacheDirectory = process.env.TRELLIS_CACHE ?? join(homedir(), ".cache", "trellis");

/** Where Debian keeps programs that it does not put on the PATH of ordinary users. */
const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/postgresql/15/bin"];

/**
 * The full path of a program: from the cache first, where a Python program has an environment of its own, then the
 * PATH; undefined where this machine has none.
 */
export function findProgram(name: string): string | undefined {
  const directories = [
    join(cacheDirectory, "bin"),
    join(cacheDirectory, `venv-${name}`, "bin"),
    ...(process.env.PATH ?? "").split(delimiter),
    ...SYSTEM_DIRECTORIES,
  ];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** The full path of a program that a suite has already declared with `describeWith`. */
export function program(name: string): string {
  const path = findProgram(name);
  if (!path) throw new Error(`${name} is neither in ${cacheDirectory}/bin nor on the PATH`);
  return path;
}

/**
 * A suite that needs real programs. Where one is missing it is skipped, and its name says which; in CI, where the
 * build installs everything, a missing program fails instead, so that no suite can vanish unnoticed.
 */
export function describeWith(programs: readonly string[], name: string, suite: () => void): void {
  unlessMissing(
    programs.filter((each) => !findProgram(each)),
    name,
    suite,
  );
}

/** A suite that needs real programs, further files, and root. */
export function describeAsRoot(
  programs: readonly string[],
  name: string,
  suite: () => void,
  files: readonly string[] = [],
): void {
  const missing = [
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...files.filter((file) => !existsSync(file)),
    ...programs.filter((each) => !findProgram(each)),
  ];
  unlessMissing(missing, name, suite);
}

function unlessMissing(missing: readonly string[], name: string, suite: () => void): void {
  if (missing.length === 0) {
    describe(name, suite);
  } else if (process.env.CI) {
    describe(name, () => {
      it(`has ${missing.join(", ")}`, () => {
        throw new Error(`missing on this machine: ${missing.join(", ")}`);
      });
    });
  } else {
    describe.skip(`${name} (needs ${missing.join(", ")})`, suite);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
