import { z } from "zod";
import { existingTarget, hetznerTarget, settingsSchema } from "../../components/settings";
import { modelJsonSchema } from "../../jobs/datasurface";
import { settingsTable } from "./settings-table";

const { target: _, postgres, minio, backup, airflow, datasurface, ...general } = settingsSchema.shape;

/** The tables of docs/settings.md, by the name in the page's markers. */
const TABLES: Readonly<Record<string, () => string>> = {
  general: () => settingsTable(settingsSchema.pick(allOf(general))),
  hetzner: () => settingsTable(hetznerTarget, "target"),
  existing: () => settingsTable(existingTarget, "target"),
  postgres: () => settingsTable(postgres, "postgres"),
  minio: () => settingsTable(minio, "minio"),
  backup: () => settingsTable(backup, "backup"),
  airflow: () => settingsTable(airflow, "airflow"),
  datasurface: () => settingsTable(datasurface, "datasurface"),
};

const allOf = <Key extends string>(shape: Record<Key, z.ZodType>) =>
  // Safe: the keys are those of `shape`; Object.keys types them as string.
  Object.fromEntries(Object.keys(shape).map((key) => [key, true])) as Record<Key, true>;

/** Replaces every table between its markers. The text around them is written by hand. */
export function settingsPage(page: string): string {
  const placed: string[] = [];
  const made = page.replace(/<!-- table: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_whole, name: string) => {
    const table = TABLES[name];
    if (!table) throw new Error(`docs/settings.md: there is no table ${name}`);
    placed.push(name);
    return `<!-- table: ${name} -->\n${table()}\n<!-- end -->`;
  });
  const missing = Object.keys(TABLES).filter((name) => !placed.includes(name));
  if (missing.length > 0) throw new Error(`docs/settings.md has no place for: ${missing.join(", ")}`);
  return made;
}

/** The JSON Schema of DataSurface's `model.yaml`, for editors. */
export const modelFileSchema = (): string => `${JSON.stringify(modelJsonSchema(), undefined, 2)}\n`;

/** The JSON Schema of a stack file, for editors. The file's first line refers to it. */
export function stackFileSchema(): string {
  const { $schema, ...settings } = z.toJSONSchema(settingsSchema, { io: "input" });
  const schema = {
    $schema,
    title: "A stack of Trellis",
    type: "object",
    properties: { config: { type: "object", properties: { "trellis:settings": settings } } },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
