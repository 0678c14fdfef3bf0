import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPORT_MARK } from "../../jobs/operations";
import type { Given } from "../shared/command";
import { runInCluster } from "./executor";
import { INTERRUPTED_CODE, Interrupted, interruptible } from "./interrupt";
import { Stack } from "./stack";

type HealthCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--out <dir>": string;
  "--json": string;
}>;

/** Runs `trellis health` and returns the exit code of the checks. */
export async function health({ flags }: HealthCommandLine): Promise<number> {
  const stack = new Stack(flags);
  const { signal, release } = interruptible();
  const text: string[] = [];
  let json: string | undefined;
  const onLine = (line: string) => {
    if (line.startsWith(REPORT_MARK)) {
      json = line.slice(REPORT_MARK.length);
      return;
    }
    text.push(line);
    if (!flags.json) process.stdout.write(`${line}\n`);
  };
  try {
    const code = await runInCluster({ stack, words: ["health", "--with-json"], onLine, signal });
    // Without a report the pod's own last words say why there is none.
    if (json === undefined) {
      if (flags.json) process.stderr.write(`${text.join("\n")}\n`);
      return code || 1;
    }
    if (flags.json) process.stdout.write(`${json}\n`);
    const saved = save(flags.out ?? join("out", "health"), text, json);
    if (!flags.json) process.stdout.write(`\nSaved: ${saved}.txt and .json\n`);
    return code;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.stderr.write(`${error.message}\n`);
    return INTERRUPTED_CODE;
  } finally {
    release();
    stack.close();
  }
}

/** Saves the report under the time of the run; returns the path without its ending. */
export function save(folder: string, lines: readonly string[], json: string, now = new Date()): string {
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "_");
  const path = join(folder, `health_report_${stamp}`);
  mkdirSync(folder, { recursive: true });
  // The lines of progress are for the screen.
  const report = lines.filter((line) => !/^\[ *\d+\/\d+\]/.test(line));
  writeFileSync(`${path}.txt`, `${report.join("\n").trim()}\n`);
  writeFileSync(`${path}.json`, `${json}\n`);
  return path;
}
