import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlanFlags } from "./flags";
import { settingsOf } from "./settings-of";
import { readProject } from "./stack-file";

/** The program whose settings these are. Another project may have settings of the same name. */
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "../../index.ts");

/** Refuses wrong settings before the SDKs load, which takes most of the time of a plan. */
export function refuseWrongSettings({
  cwd: folder,
  stack,
  configFile,
}: Pick<PlanFlags, "cwd" | "stack" | "configFile">): void {
  const cwd = resolve(folder);
  if (readProject(cwd).main === PROGRAM) settingsOf({ cwd, stack, configFile });
}
