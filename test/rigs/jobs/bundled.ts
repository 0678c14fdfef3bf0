import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleJobs } from "../../../jobs/bundle";

/** Where the test run has put the program, for all of its processes. */
const PLACE = "TRELLIS_TEST_JOBS";

/** The program of the job image, which starts in a fraction of the time that its sources need. */
export async function bundledJobs(): Promise<string> {
  const made = process.env[PLACE];
  if (made) return made;
  const program = await bundleJobs(mkdtempSync(join(tmpdir(), "trellis-jobs-")));
  process.env[PLACE] = program;
  process.once("exit", () => rmSync(dirname(program), { recursive: true, force: true }));
  return program;
}

/** Makes it once for all test files of a run, unless the caller has made one for many runs. */
export default async function setup(): Promise<(() => void) | undefined> {
  if (process.env[PLACE]) return undefined;
  const program = await bundledJobs();
  return () => {
    delete process.env[PLACE];
    rmSync(dirname(program), { recursive: true, force: true });
  };
}
