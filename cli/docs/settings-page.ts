import { z } from "zod";
import { existingTarget, hetznerTarget, settingsSchema } from "../../components/settings";
import { settingsTable } from "./settings-table";

const { target: _, postgres, minio, backup, airflow, datasurface, ...general } = settingsSchema.shape;

/** The tables of docs/settings.md, by the name that their place in the page bears. */
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
  // Object.keys forgets the literal keys that the type knows.
  Object.fromEntries(Object.keys(shape).map((key) => [key, true])) as Record<Key, true>;

/** The page with every table made anew between the marks that name it; the prose around them is written by hand. */
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

/** For editors: what may stand in a stack's file, as its first line names it. */
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
