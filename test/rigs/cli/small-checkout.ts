import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../platform/stacks";

/** A checkout in a folder, with as much as commands need that plan nothing. */
export function smallCheckout(folder: string): string {
  for (const each of ["cli", "components", "package.json", "tsconfig.json"])
    cpSync(join(repository, each), join(folder, each), { recursive: true });
  for (const each of ["jobs", "node_modules"]) symlinkSync(join(repository, each), join(folder, each));
  return folder;
}
