import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSettings } from "../../components/settings";
import type { PlanFlags } from "./flags";
import { readProject, readStack } from "./stack-file";

/** The program whose settings these are. Another project may have settings of the same name. */
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "../../index.ts");

/** Refuses wrong settings before the SDKs load, which takes most of the time of a plan. */
export function refuseWrongSettings({
  cwd: folder,
  stack,
  configFile,
}: Pick<PlanFlags, "cwd" | "stack" | "configFile">): void {
  const cwd = resolve(folder);
  const { name, main } = readProject(cwd);
  if (main !== PROGRAM) return;
  const { config } = readStack(cwd, name, stack, configFile);
  const settings = config["trellis:settings"];
  if (settings !== undefined) parseSettings(JSON.parse(settings));
}
