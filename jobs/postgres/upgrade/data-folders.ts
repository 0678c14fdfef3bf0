import { existsSync, readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../../shared";
import { type Release, runProgram } from "./programs";

/** The folders of an upgrade. All are on the member's volume, so that a rename moves the data. */
export interface DataFolders {
  /** The data that PostgreSQL starts with. */
  readonly current: string;
  /** The data of the new release, while they are made. */
  readonly coming: string;
  /** The data of the old release, from the upgrade until it is confirmed. */
  readonly former: string;
  /** The data of the new release after the way back was taken. */
  readonly abandoned: string;
}

export const dataFolders = (data: string): DataFolders => ({
  current: data,
  coming: `${data}.new`,
  former: `${data}.old`,
  abandoned: `${data}.abandoned`,
});

/** The major release that a data folder belongs to; undefined where there are no data. */
export function majorOf(folder: string): number | undefined {
  const file = join(folder, "PG_VERSION");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
}

/** What pg_controldata says of a stopped cluster. */
export interface Control {
  readonly state: string;
  readonly checksums: boolean;
  /** Size of a WAL segment in MiB. */
  readonly segmentMib: number;
}

export async function readControl(release: Release, folder: string, signal: AbortSignal): Promise<Control> {
  const text = await runProgram(release, "pg_controldata", [folder], { cwd: folder, signal });
  const value = (name: string) => new RegExp(`^${name}: +(.*)$`, "m").exec(text)?.[1] ?? "";
  return {
    state: value("Database cluster state"),
    checksums: value("Data page checksum version") !== "0",
    segmentMib: Number(value("Bytes per WAL segment")) / 2 ** 20,
  };
}

/** Refuses data that a server still uses, that a crash left, or that only follow a leader. */
export function requireStopped({ state }: Control, folder: string): void {
  if (state === "shut down") return;
  if (state === "shut down in recovery") {
    throw new JobError(
      `${folder} has the data of a replica. Start the members, hand the lead over to this one (jobs postgres switchover), ` +
        "and stop them again",
    );
  }
  throw new JobError(
    `${folder} is ${state || "not readable"}: PostgreSQL still runs, or it was not stopped in order. Scale the StatefulSet to 0 and ` +
      "wait until its pods are gone; after a crash start the members once more before that",
  );
}

/** The bytes that a folder uses. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
