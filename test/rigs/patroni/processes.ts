import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { eventually } from "../waiting";

/** Kills every process of a group. */
export async function endGroup(group: number): Promise<void> {
  // A process may fork while its fellows are being killed, so until none is left.
  await eventually(`the end of group ${group}`, 30_000, () => {
    const left = processesOf(group);
    for (const pid of left) signal(pid, "SIGKILL");
    return left.length === 0;
  });
}

/** Of this network: a run in a network namespace of its own is none of our business. */
export function processesOf(group: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const status = statusOf(pid);
      const runs = status.includes(`\nGid:\t${group}\t`) && !/^State:\t[ZX]/m.test(status);
      return runs && networkOf(pid) === networkOf("self");
    });
}

function networkOf(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it ended meanwhile
  }
}

export function nameOf(pid: number): string | undefined {
  return /^Name:\t(.*)$/m.exec(statusOf(pid))?.[1];
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
