import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runJob } from "../../../rigs/jobs/run-job";
import { ModelApi } from "../../../rigs/model-api/model-api";

describe("the evaluation of prompts", () => {
  let model: ModelApi;
  let folder: string;

  beforeAll(async () => {
    model = await ModelApi.start();
    folder = mkdtempSync(join(tmpdir(), "trellis-cases-"));
  });

  afterAll(async () => {
    await model?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const evaluate = (...words: string[]) =>
    runJob(["agents", "evaluate", "--json", ...words], {
      environment: { AGENTS_MODEL_URL: model.url, AGENTS_MODEL: "stand-in", AGENTS_MODEL_KEY: "key" },
    });

  it("passes the built-in cases with a model that answers as they expect", async () => {
    const run = await evaluate();
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ passed: 3, failed: 0 });
  });

  it("reports each difference, and exits with 1", async () => {
    const expectations = {
      fields: { score: { min: 90 }, temperature: "hot" },
      effects: ["add_note"],
      absent: ["asked twice"],
    };
    const given = { pool: "lead-analysis", lead: { name: "A", notes: null }, expect: expectations };
    writeFileSync(join(folder, "strict.json"), JSON.stringify(given));
    const run = await evaluate("--cases", folder);
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      passed: 0,
      failed: 1,
      results: [
        {
          name: "strict",
          problems: [
            expect.stringContaining("score: is 70"),
            expect.stringContaining("temperature"),
            expect.stringContaining("effects: are none, expected add_note"),
            expect.stringContaining("asked twice"),
          ],
        },
      ],
    });
  });
});
