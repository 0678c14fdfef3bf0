import { z } from "zod";
import { flag, JobError, text, toggle, verb } from "../../shared";
import { modelSettings } from "../config";
import { Model } from "../model";
import { poolNames, poolOf, readPrompt } from "../runtime";
import { evaluateCase } from "./case";
import { builtInCases, readCases } from "./cases";

export const evaluatePrompts = verb({
  name: "evaluate",
  summary: "run prompts against recorded cases and report which pass",
  details:
    "Exit code 0: every case passed; 1: some failed. Nothing is written to a database, and no budget applies: each case takes a few requests.",
  settings: {
    ...modelSettings,
    cases: flag(
      "--cases <folder>",
      "folder of cases (*.json) instead of the built-in ones",
      text().optional(),
    ),
    pool: flag(
      "--pool <name>",
      "cases of this pool alone",
      z.enum(poolNames, `allowed: ${poolNames.join(", ")}`).optional(),
    ),
    prompt: flag(
      "--prompt <version>",
      "version of the prompt, such as v1, instead of the newest",
      text().optional(),
    ),
    json: toggle("--json", "print the report as JSON"),
  },
  answersOnStdout: true,
  run: async ({ cases: folder, pool: only, prompt: version, json, ...config }, { print, signal }) => {
    const price = { input: config.inputPrice, output: config.outputPrice };
    const model = new Model({ ...config, price, concurrency: 1 });
    const cases = readCases(folder ?? builtInCases()).filter(({ pool }) => !only || pool === only);
    if (cases.length === 0) throw new JobError("there are no cases to run", 2);
    const results = [];
    for (const each of cases) {
      const pool = poolOf(each.pool);
      if (!pool) throw new JobError(`${each.name}: there is no pool ${each.pool}`, 2);
      results.push(await evaluateCase(each, pool, readPrompt(pool.name, version), model, signal));
    }
    const failed = results.filter(({ problems }) => problems.length > 0).length;
    const report = { model: model.name, passed: results.length - failed, failed, results };
    print(json ? JSON.stringify(report, undefined, 2) : table(report));
    if (failed > 0) throw new JobError(`${failed} of ${results.length} cases failed`);
    return "done";
  },
});

interface Report {
  readonly model: string;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly {
    readonly name: string;
    readonly prompt: string;
    readonly tokens: number;
    readonly problems: readonly string[];
  }[];
}

function table({ model, passed, failed, results }: Report): string {
  const lines = results.flatMap(({ name, prompt, tokens, problems }) => [
    `${problems.length === 0 ? "pass" : "FAIL"}  ${name}  ${prompt}  ${tokens} tokens`,
    ...problems.map((problem) => `        ${problem}`),
  ]);
  return [...lines, `${passed} passed, ${failed} failed, model ${model}`].join("\n");
}
