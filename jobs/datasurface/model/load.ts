import { join } from "node:path";
import type { z } from "zod";
import { JobError, listProblems } from "../../shared";
import { deriveStores } from "./derived-store";
import { readModelFile } from "./files";
import { lint } from "./lint";
import type { Model } from "./model";
import { assignmentsSchema, ecosystemSchema } from "./schema";
import { parseYaml } from "./yaml";

export const MODEL_FILE = "model.yaml";
export const ASSIGNMENTS_FILE = "dsg_platform_mapping.json";

/** All files of a model's folder. */
export const MODEL_FILES = [MODEL_FILE, ASSIGNMENTS_FILE] as const;

/** Further problems are counted, not listed. */
const MOST_LISTED = 100;

/**
 * Loads and checks the model in a folder; reports all problems in one error. Without an assignment file nothing is
 * assigned.
 */
export function loadModel(folder: string): Model {
  const path = join(folder, MODEL_FILE);
  const text = readModelFile(folder, MODEL_FILE);
  if (text === undefined) {
    throw new JobError(`there is no model in ${folder}: it has no file ${MODEL_FILE}`);
  }
  const ecosystem = shaped(MODEL_FILE, parseYaml(path, text), ecosystemSchema, isLikeModel);
  const mapping = readModelFile(folder, ASSIGNMENTS_FILE);
  const assignments =
    mapping === undefined
      ? { value: [], problems: [] }
      : shaped(
          ASSIGNMENTS_FILE,
          parseJson(join(folder, ASSIGNMENTS_FILE), mapping),
          assignmentsSchema,
          isLikeAssignments,
        );
  let problems = [...ecosystem.problems, ...assignments.problems];
  if (ecosystem.value && assignments.value && problems.length === 0) {
    const model = {
      ecosystem: { ...ecosystem.value, derived: deriveStores(ecosystem.value) },
      assignments: assignments.value,
    };
    problems = lint(model);
    if (problems.length === 0) return model;
  }
  const listed = problems.slice(0, MOST_LISTED);
  const left = problems.length - listed.length;
  throw new JobError(
    listProblems(`the model in ${folder} has ${count(problems.length, "problem")}:`, [
      ...listed,
      ...(left > 0 ? [`and ${left} more`] : []),
    ]),
  );
}

const isObject = (given: unknown): given is object => given !== null && typeof given === "object";

const isLikeModel = (given: unknown) =>
  isObject(given) && Object.keys(ecosystemSchema.shape).some((key) => Object.hasOwn(given, key));

const isLikeAssignments = (given: unknown) =>
  Array.isArray(given) && given.every((each) => isObject(each) && "dsgName" in each);

function shaped<Schema extends z.ZodType>(
  file: string,
  given: unknown,
  schema: Schema,
  isLike: (given: unknown) => boolean,
): { value?: z.output<Schema>; problems: string[] } {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { value: parsed.data, problems: [] };
  // Problems name and quote the content, so none is listed for a file that is something else.
  if (!isLike(given)) return { problems: [`${file}: the whole file: is not of the shape of ${file}`] };
  return {
    problems: parsed.error.issues.map((issue) => {
      const found = valueAt(given, issue.path);
      const shown =
        found === undefined || typeof found === "object" ? "" : ` (given ${JSON.stringify(found)})`;
      return `${file}: ${readablePath(given, issue.path)}: ${issue.message}${shown}`;
    }),
  };
}

/** The path with names instead of positions: stores.Store1.datasets.customers. */
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
        : undefined, // safe: any key of an object may be read
    given,
  );
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    parseYaml(path, text, "JSON"); // reports the position without the content: JSON's own message quotes the text
    throw new JobError(`${path} is not readable as JSON, only as YAML`);
  }
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
