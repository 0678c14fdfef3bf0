import { readFileSync } from "node:fs";

/** The parts of the script, in the order in which they are joined. */
const CHAPTERS = [
  "beginning",
  "talking",
  "joining",
  "access",
  "snapshots",
  "restoring",
  "care",
  "commands",
] as const;

/** Renders `trellis-etcd`, one file. It is the same on every machine; all differences are in its configuration. */
export function renderTool(): string {
  return CHAPTERS.map((chapter) =>
    readFileSync(new URL(`./tool/${chapter}.sh`, import.meta.url), "utf8"),
  ).join("\n");
}
