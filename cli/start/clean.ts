import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { agreed } from "../shared/agreement";
import type { Given } from "../shared/command";
import { onFiles } from "../shared/file-error";
import { LOCAL, OUT } from "./folders";
import { holdFolder } from "./lock";
import { foreignOwner } from "./ownership";
import { postgresElsewhere } from "./services";

/** Runs `trellis clean`: removes all plans and local runs, if the user agrees. Returns the exit code. */
export async function clean({ flags }: Given<{ "--yes": string; "--quiet": string }>): Promise<number> {
  const say = (text: string) => void (flags.quiet || process.stdout.write(text));
  const elsewhere = postgresElsewhere(LOCAL);
  const owner = foreignOwner(LOCAL, LOCAL) ?? (elsewhere && foreignOwner(elsewhere, LOCAL));
  const found = [OUT, LOCAL, owner === undefined ? elsewhere : undefined]
    .filter((path) => path !== undefined)
    .filter((path) => existsSync(path));
  if (found.length === 0) {
    say("nothing to remove\n");
    return 0;
  }
  const list = found.map((path) => `  ${path}\n`).join("");
  const what = `trellis clean removes these folders with the data of all local runs:\n${list}`;
  if (!flags.yes && !(await agreed(`${what}Remove them?`, `${what}Nothing was removed`))) {
    process.stderr.write("nothing was removed\n");
    return 1;
  }
  // A copied folder has the lock of its original, which may run meanwhile.
  const release = owner === undefined && existsSync(LOCAL) ? await holdFolder(LOCAL) : () => undefined;
  try {
    for (const path of found.toReversed())
      onFiles(path, () => rmSync(path, { recursive: true, force: true }));
  } finally {
    release();
  }
  say(`removed ${found.join(", ")}\n`);
  if (owner !== undefined) say(`kept the database of ${dirname(owner)}, from which .local was copied\n`);
  return 0;
}
