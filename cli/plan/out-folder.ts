import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../components/shared/user-error";
import { makeFolder, onFiles } from "../shared/file-error";
import type { Files } from "./files";

/** A folder with this file is a plan, so the next plan may replace it. */
const MARK = "resources.json";

/** Refuses a folder that contains anything but a plan, before any work starts. */
export function checkOutFolder(out: string): void {
  if (!existsSync(out)) return;
  let entries: readonly string[];
  try {
    entries = readdirSync(out);
  } catch {
    throw new UserError(`${out} is not a folder; give another one by --out`);
  }
  if (entries.length > 0 && !entries.includes(MARK)) {
    throw new UserError(
      `${out} contains files that are not a plan and would be deleted: give another folder by --out, or remove it`,
    );
  }
}

/** Writes a plan atomically: the old plan stays until the new one is complete. */
export function writePlan(out: string, files: Files): void {
  const target = resolve(out);
  checkOutFolder(target);
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}`);
  const fresh = `${beside}.new`;
  const former = `${beside}.old`;
  try {
    onFiles(target, () => {
      for (const folder of new Set([...files.keys()].map(dirname))) makeFolder(join(fresh, folder));
      for (const [path, content] of files) writeFileSync(join(fresh, path), content);
      if (existsSync(target)) renameSync(target, former);
      renameSync(fresh, target);
      rmSync(former, { recursive: true, force: true });
    });
  } finally {
    if (existsSync(former) && !existsSync(target)) renameSync(former, target);
    rmSync(fresh, { recursive: true, force: true });
  }
}
