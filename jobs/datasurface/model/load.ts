import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { listProblems, UserError } from "../../shared";
import { lint } from "./lint";
import { assignmentsSchema, ecosystemSchema, type Model } from "./schema";

const MODEL_FILE = "model.yaml";
const ASSIGNMENTS_FILE = "dsg_platform_mapping.json";

/** All that a model's folder holds. */
export const MODEL_FILES = [MODEL_FILE, ASSIGNMENTS_FILE] as const;

/** Reads and judges the model in a folder; all problems in one error. A missing assignment file assigns nothing. */
export function loadModel(folder: string): Model {
  const path = join(folder, MODEL_FILE);
  if (!existsSync(path)) {
    throw new UserError(`there is no model in ${folder}: it has no file ${MODEL_FILE}`);
  }
  const ecosystem = shaped(MODEL_FILE, parseYaml(path), ecosystemSchema);
  const mapping = join(folder, ASSIGNMENTS_FILE);
  const assignments = existsSync(mapping)
    ? shaped(ASSIGNMENTS_FILE, parseJson(mapping), assignmentsSchema)
    : { value: [], problems: [] };
  const problems = [...ecosystem.problems, ...assignments.problems];
  if (ecosystem.value && assignments.value && problems.length === 0) {
    const model = { ecosystem: ecosystem.value, assignments: assignments.value };
    const disagreements = lint(model);
    if (disagreements.length === 0) return model;
    problems.push(...disagreements);
  }
  throw new UserError(
    listProblems(`the model in ${folder} has ${count(problems.length, "problem")}:`, problems),
  );
}

function shaped<Schema extends z.ZodType>(
  file: string,
  given: unknown,
  schema: Schema,
): { value?: z.output<Schema>; problems: string[] } {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { value: parsed.data, problems: [] };
  return {
    problems: parsed.error.issues.map((issue) => {
      const found = valueAt(given, issue.path);
      const shown =
        found === undefined || typeof found === "object" ? "" : ` (given ${JSON.stringify(found)})`;
      return `${file}: ${readablePath(given, issue.path)}: ${issue.message}${shown}`;
    }),
  };
}

/** The path with the names of things in place of their positions: stores.Store1.datasets.customers. */
function readablePath(given: unknown, path: readonly PropertyKey[]): string {
  const words = path.map((key, depth) => {
    const here = valueAt(given, path.slice(0, depth + 1));
    const label =
      typeof key === "number" && here !== null && typeof here === "object" && "name" in here
        ? here.name
        : key;
    return String(label);
  });
  return words.join(".") || "the whole file";
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inside, key) =>
      inside !== null && typeof inside === "object"
        ? (inside as Record<PropertyKey, unknown>)[key]
        : undefined, // any key of an object may be asked for
    given,
  );
}

function parseYaml(path: string): unknown {
  const document = parseDocument(readFileSync(path, "utf8"), { uniqueKeys: true, merge: false });
  const [error] = document.errors;
  if (error) throw new UserError(`${path} is not readable as YAML: ${error.message.split("\n")[0]}`);
  return document.toJS({ maxAliasCount: 100 });
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError(
      `${path} is not readable as JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
