import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundleJobs } from "../../../../jobs/bundle";

const STATIC_IMPORT = /^import\s*(?:[^"';]*?from\s*)?"(\.[^"]+)"/gm;

/** The files that Node loads before the program's first line runs. */
function loadedAtStart(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(STATIC_IMPORT)) {
    loadedAtStart(join(dirname(file), path), seen);
  }
  return seen;
}

describe("the supervising process", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-supervisor-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("loads nothing that only the work needs, because it takes memory beside every job", async () => {
    const program = await bundleJobs(folder);
    const files = [...loadedAtStart(program)].map((file) => readFileSync(file, "utf8"));
    expect(files.join("")).toContain("TRELLIS_SUPERVISED");
    expect(files.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0)).toBeLessThan(32 * 1024);
  });
});
