import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { JobError, listProblems } from "../../shared";
import { poolNames } from "../runtime";

const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() });

/** A recorded lead and what an answer about it must be. */
const evaluationCase = z.strictObject({
  pool: z.enum(poolNames),
  lead: z.record(z.string(), z.unknown()),
  history: z.array(z.record(z.string(), z.unknown())).default([]),
  expect: z.strictObject({
    /** A field of the answer: a value, a list of allowed values, or a range. */
    fields: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()])), range]),
      )
      .default({}),
    /** Writes that must be planned, and no others. */
    effects: z.array(z.string()).optional(),
    /** Texts that may appear nowhere in the answer. */
    absent: z.array(z.string()).default([]),
  }),
});

export type EvaluationCase = z.output<typeof evaluationCase> & { readonly name: string };

/** The cases are beside this file in the sources, and beside the program in the bundle. */
export function builtInCases(): string {
  const folder = ["./cases/", "./agents-cases/"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((each) => existsSync(each));
  if (!folder) throw new Error("the program was packed without the cases of the agents");
  return folder;
}

export function readCases(folder: string): EvaluationCase[] {
  if (!existsSync(folder)) throw new JobError(`--cases: there is no folder ${folder}`, 2);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const read = evaluationCase.safeParse(parsed(join(folder, name)));
      if (read.success) return { ...read.data, name: name.replace(/\.json$/, "") };
      const problems = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
      throw new JobError(listProblems(`${name} is not a case:`, problems), 2);
    });
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new JobError(`${path} is not JSON`, 2);
  }
}
