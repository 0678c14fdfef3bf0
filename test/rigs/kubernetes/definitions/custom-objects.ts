import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { program } from "../../programs";
import { KUBERNETES_VALIDATE } from "../validate";

interface CustomObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
}

interface Recorded {
  /** The Go module, with its version, that has the definition. */
  readonly module: string;
  readonly schema: object;
}

const read = (name: string) => readFileSync(join(import.meta.dirname, name));

/** The schemas that record.sh recorded, by `<apiVersion> <kind>`. */
export const recordedSchemas = (): Readonly<Record<string, Recorded>> =>
  JSON.parse(gunzipSync(read("schemas.json.gz")).toString());

/** Whether an object is of a kind that an add-on defines. */
export const isCustom = (value: unknown): value is CustomObject => {
  const { apiVersion, kind, metadata } = Object(value);
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !metadata) return false;
  const [group = ""] = apiVersion.split("/");
  return group.includes(".") && !group.endsWith("k8s.io");
};

/** What the schemas of their definitions have against custom objects: a sentence each. */
export function customViolations(objects: readonly CustomObject[]): string[] {
  const schemas = Object.fromEntries(
    Object.entries(recordedSchemas()).map(([name, { schema }]) => [name, schema]),
  );
  // The environment of kubernetes-validate has jsonschema, which it judges with too.
  const python = join(dirname(program(KUBERNETES_VALIDATE)), "python");
  const input = JSON.stringify({ schemas, objects });
  const printed = execFileSync(python, [join(import.meta.dirname, "judge.py")], { input, encoding: "utf8" });
  return JSON.parse(printed);
}
