import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../waiting";

/** Where cgroup v2 is: the whole hierarchy, or a part of it beside cgroup v1. */
const CGROUPS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((each) =>
  existsSync(`${each}/cgroup.controllers`),
);
const PREFIX = "trellis-booted-";
const ENOUGH_MS = 60_000;

/** Enters a control group and becomes the given command: `sh -c <this> sh <group> <command>...` */
export const ENTER_CONTROL_GROUP = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';

/** A control group that a systemd may take for the root of all. Those that killed runs left behind are removed first. */
export function makeControlGroup(): string {
  if (CGROUPS === undefined) throw new Error("no cgroup v2 is mounted");
  for (const name of readdirSync(CGROUPS)) {
    const [, pid] = new RegExp(`^${PREFIX}([0-9]+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`) && isEmpty(join(CGROUPS, name)))
      remove(join(CGROUPS, name));
  }
  return mkdtempSync(join(CGROUPS, `${PREFIX}${process.pid}-`));
}

/** Removes a control group as soon as the last of its processes has ended. */
export async function removeControlGroup(path: string): Promise<void> {
  await eventually(`no process is left in ${path}`, ENOUGH_MS, () => {
    remove(path);
    return true;
  });
}

function isEmpty(path: string): boolean {
  return readFileSync(join(path, "cgroup.events"), "utf8").includes("populated 0");
}

function remove(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) remove(join(path, entry.name));
  }
  rmdirSync(path);
}
