import { readFileSync } from "node:fs";

/** The tool's chapters, in the order in which it reads them. */
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

/** `trellis-etcd`, one file: the same on every machine, since all that differs stands in its configuration. */
export function renderTool(): string {
  return CHAPTERS.map((chapter) =>
    readFileSync(new URL(`./tool/${chapter}.sh`, import.meta.url), "utf8"),
  ).join("\n");
}
