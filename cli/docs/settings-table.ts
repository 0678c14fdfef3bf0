import { z } from "zod";
import { groupBy } from "../shared/grouping";

type Schema = z.core.JSONSchema.JSONSchema;

/** One row of a settings table. */
interface Row {
  /** Lists of objects have the suffix `[]`, maps `.<name>`. */
  readonly path: string;
  readonly values: string;
  readonly byDefault: string;
  readonly meaning: string;
}

/** The table omits upper limits above this number, because no real setting reaches them. */
const NO_LIMIT = 10_000;

/** Renders the settings of a schema as a table: allowed values, default and meaning. */
export function settingsTable(schema: z.ZodType, prefix = ""): string {
  const root = z.toJSONSchema(schema, { io: "input" });
  const rows = [...groupBy(rowsOf(root, root, prefix, false), ({ path }) => path).values()].map(joined);
  const lines = rows.map(
    ({ path, values, byDefault, meaning }) => `| \`${path}\` | ${values} | ${byDefault} | ${meaning} |`,
  );
  return ["| setting | values | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function rowsOf(root: Schema, schema: Schema, path: string, required: boolean): Row[] {
  if (schema.$ref) {
    return rowsOf(root, root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {}, path, required);
  }
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) {
    const { oneOf: _, anyOf: __, ...shared } = schema;
    return choices.flatMap((choice) => rowsOf(root, { ...shared, ...choice }, path, required));
  }
  const inner = (value: unknown): Schema => Object(value);
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([key, value]) =>
      rowsOf(root, inner(value), path ? `${path}.${key}` : key, schema.required?.includes(key) ?? false),
    );
  }
  if (schema.type === "array" && inner(schema.items).type === "object") {
    return rowsOf(root, inner(schema.items), `${path}[]`, required);
  }
  if (typeof schema.additionalProperties === "object") {
    const value = schema.additionalProperties;
    const meaning = schema.description === undefined ? {} : { description: schema.description };
    return rowsOf(root, { ...meaning, ...value }, `${path}.<name>`, required);
  }
  if (!schema.description) throw new Error(`${path}: a setting without a description`);
  return [
    {
      path,
      values: valuesOf(schema),
      byDefault: defaultOf(schema, required),
      meaning: schema.description,
    },
  ];
}

/** Joins settings of the same name in different branches of a union into one row. */
function joined(rows: readonly Row[]): Row {
  const [first] = rows;
  if (!first) throw new Error("a setting without a row");
  return { ...first, values: [...new Set(rows.map(({ values }) => values))].join(", ") };
}

function valuesOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === "array") {
    const item: Schema = Object(schema.items);
    return item.enum && !item.title ? valuesOf(item) : `list of ${plural(valuesOf(item))}`;
  }
  if (schema.title) return schema.title;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "integer") {
    const { minimum = 0, maximum = NO_LIMIT } = schema;
    return maximum >= NO_LIMIT ? `from ${minimum}` : `${minimum} to ${maximum}`;
  }
  return schema.type === "string" ? "text" : String(schema.type);
}

const plural = (noun: string) => (/(s|`)$|^\d|^text/.test(noun) ? noun : `${noun}s`);

function defaultOf(schema: Schema, required: boolean): string {
  if (typeof schema.derived === "string") return schema.derived;
  if (required) return "required";
  const value = schema.default;
  if (value === undefined) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(String).join(", ");
  return typeof value === "string" ? `\`${value}\`` : String(value);
}
