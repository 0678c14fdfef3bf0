import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, type Model } from "../../../../jobs/datasurface/model";

const EXAMPLE = "examples/model";

/** The acceptance model, its schedules but for one day of the year: in the tests, runs are triggered. */
export function quietModel(): { model: Model; files: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), "trellis-model-"));
  try {
    const files = writeQuietModel(folder);
    return { model: loadModel(folder), files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes its files, those of the example's folder, into another. */
export function writeQuietModel(folder: string): Record<string, string> {
  const files = Object.fromEntries(
    readdirSync(EXAMPLE).map((name) => {
      const text = readFileSync(join(EXAMPLE, name), "utf8");
      return [name, text.replace('cron: "* * * * *"', 'cron: "0 0 1 1 *"')];
    }),
  );
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return files;
}
