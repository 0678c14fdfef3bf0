import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDirectory, findProgram } from "../programs";

/** Names of programs, for `describeWith`, that show that a release of PostgreSQL is there. */
export const releaseProgram = (major: 17 | 18): string => `../postgresql-${major}/bin/pg_upgrade`;

/**
 * Releases of PostgreSQL side by side, as an image has them: `<folder>/<major>/bin`. Debian's 15 is a link; the others are
 * copied, because the user `postgres` may not enter the home with the cache.
 */
export function layDownReleases(folder: string, majors: readonly (15 | 17 | 18)[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const major of majors) {
    const target = join(folder, String(major));
    if (major === 15) symlinkSync(dirname(dirname(realpathSync(findProgram("initdb") ?? ""))), target);
    else
      cpSync(join(cacheDirectory, `postgresql-${major}`), target, {
        recursive: true,
        verbatimSymlinks: true, // otherwise they lead back into the cache
      });
  }
}

/** Makes an image of another release: its own folder then leads to the programs of the given one. */
export function pretendRelease(folder: string, major: number, really: number): void {
  const path = join(folder, String(major));
  if (existsSync(path)) rmSync(path);
  symlinkSync(join(folder, String(really)), path);
}
