import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Context, type DatabaseAddress, JobError, type Outcome, withDatabase } from "../../shared";
import { loadModel, NAME } from "../model";
import { sourceTables } from "./catalogue";
import { draftDatasets } from "./datasets";
import { modelFiles } from "./files";

interface InitModelConfig {
  readonly source: DatabaseAddress;
  readonly schema: string;
  /** The tables to take. Undefined: all of the schema. */
  readonly tables: readonly string[] | undefined;
  /** Undefined: the database's name. */
  readonly store: string | undefined;
  readonly team: string;
  /** Undefined: the store's name. */
  readonly credential: string | undefined;
  readonly out: string;
}

/** Writes a first model from the catalogue of a source database. Changes nothing in the database. */
export async function initModel(config: InitModelConfig, context: Context): Promise<Outcome> {
  const { source, schema, out } = config;
  const store = config.store ?? nameLike(source.database);
  const tables = await withDatabase(
    source,
    { purpose: "the source database", applicationName: "datasurface init-model", signal: context.signal },
    (database) => sourceTables(database, schema),
  );
  const names = tables.map(({ name }) => name);
  const missing = config.tables?.filter((each) => !names.includes(each)) ?? [];
  if (missing.length > 0) {
    throw new JobError(
      `--tables: ${source.database} has no table ${missing.join(", ")} in the schema ${schema}; ${listed(names)}`,
      2,
    );
  }
  const wanted = tables.filter(({ name }) => config.tables?.includes(name) ?? true);
  const { datasets, remarks } = draftDatasets(wanted);
  if (datasets.length === 0) {
    throw new JobError(
      [
        `${source.database} has no table that can be modelled in the schema ${schema}; ${listed(names)}`,
        ...remarks.map((remark) => `  - ${remark}`),
      ].join("\n"),
    );
  }
  const files = modelFiles(
    { store, team: config.team, credential: config.credential ?? store },
    source,
    schema,
    datasets,
  );
  write(out, files);
  loadModel(out); // refuses what a reader would have to mend
  for (const name of files.keys()) context.print(`wrote ${join(out, name)}`);
  context.print(`${datasets.length} of ${wanted.length} tables are datasets of the store ${store}`);
  for (const remark of remarks) context.print(`  - ${remark}`);
  context.print(`next: jobs datasurface lint --model ${out}`);
  return "done";
}

function write(folder: string, files: ReadonlyMap<string, string>): void {
  const there = [...files.keys()].filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    throw new JobError(`${folder} has ${there.join(" and ")} already; name another folder with --out`);
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content, { flag: "wx" });
}

/** A name of the model that is like that of a database. */
function nameLike(database: string): string {
  const name = database.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return NAME.test(name) ? name : `Store_${name}`;
}

const listed = (names: readonly string[]) =>
  names.length > 0 ? `it has ${names.join(", ")}` : "it has no table there";
