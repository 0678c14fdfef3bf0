import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import {
  type Context,
  type Database,
  JobError,
  type ObjectStore,
  quoteIdentifier as quoted,
  sha256Of,
} from "../../shared";
import type { DatasetTables } from "../ingest";
import { fitIdentifier, isNullable, parseColumnType } from "../model";
import type { LakeDataset, LakeFile } from "./manifest";
import { type ParquetColumn, parquetColumn, Unwritable } from "./parquet-types";

/** Rows in memory at a time, and in a row group. */
const GROUP_ROWS = 20_000;

/** A file ends with the row group that makes it so large. */
const FILE_BYTES = 64 * 2 ** 20;

export interface WriteDataset {
  readonly merge: Database;
  readonly store: ObjectStore;
  readonly tables: DatasetTables;
  /** The key of a file, by its number. */
  readonly keyOf: (number: number) => string;
  readonly context: Pick<Context, "signal" | "progress">;
}

/** The columns of a dataset's files: those of the model, and for all versions the batches between which they were valid. */
export function lakeColumns({ dataset, forensic }: DatasetTables): ParquetColumn[] {
  const own = dataset.columns.map((column) => parquetColumn(column.name, column.type, isNullable(column)));
  const integer = parseColumnType("integer");
  if (typeof integer === "string") throw new Error(integer);
  const batches = forensic ? ["ds_surf_batch_in", "ds_surf_batch_out"] : ["ds_surf_batch_id"];
  return [...own, ...batches.map((name) => parquetColumn(name, integer, false))];
}

/** Writes the merge table, as the open transaction sees it, to files of one part of its rows each. */
export async function writeDataset(args: WriteDataset): Promise<LakeDataset> {
  const { merge, tables, context } = args;
  const columns = lakeColumns(tables);
  const select = columns.map(({ name, expression }) => expression(quoted(name))).join(", ");
  const cursor = quoted(fitIdentifier(`lake_${tables.dataset.name}`));
  await merge.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR SELECT ${select} FROM ${tables.merge}`);
  const shown = context.progress(tables.dataset.name, "rows");
  const files: LakeFile[] = [];
  let open: OpenFile | undefined;
  try {
    for (;;) {
      context.signal.throwIfAborted();
      const { rows } = await merge.query<(string | null)[]>({
        text: `FETCH ${GROUP_ROWS} FROM ${cursor}`,
        rowMode: "array",
        types: TEXT,
      });
      // A dataset without rows has one file too, so that readers find its columns.
      if (rows.length > 0 || (!open && files.length === 0)) {
        open ??= new OpenFile(columns, tables);
        open.add(rows);
      }
      shown.advance(rows.length);
      const isEnd = rows.length < GROUP_ROWS;
      if (open && (isEnd || open.bytes >= FILE_BYTES)) {
        files.push(await open.finish(args.store, args.keyOf(files.length + 1)));
        open = undefined;
      }
      if (isEnd) break;
    }
  } finally {
    shown.done();
  }
  await merge.query(`CLOSE ${cursor}`);
  return {
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    columns: columns.map(({ name, type }) => ({ name, type })),
    files,
  };
}

/** pg's own parsers would make dates and floats of values, and lose digits. */
const TEXT = { getTypeParser: () => (text: string) => text };

class OpenFile {
  private readonly writer = new ByteWriter();
  private readonly parquet: ParquetWriter;
  private rows = 0;

  constructor(
    private readonly columns: readonly ParquetColumn[],
    private readonly tables: DatasetTables,
  ) {
    const root = { name: "schema", num_children: columns.length };
    const schema = [root, ...columns.map(({ element }) => element)];
    this.parquet = new ParquetWriter({ writer: this.writer, schema, createdBy: "trellis" });
  }

  get bytes(): number {
    return this.writer.offset;
  }

  add(rows: readonly (string | null)[][]): void {
    const columnData = this.columns.map((column, at) => ({
      name: column.name,
      data: rows.map((row) => this.convert(column, row[at])),
    }));
    this.parquet.write({ columnData, rowGroupSize: GROUP_ROWS });
    this.rows += rows.length;
  }

  async finish(store: ObjectStore, key: string): Promise<LakeFile> {
    this.parquet.finish();
    const bytes = Buffer.from(this.writer.getBytes());
    await store.write(key, bytes, { patient: true });
    return {
      key,
      rows: this.rows,
      bytes: bytes.length,
      sha256: sha256Of(bytes),
    };
  }

  private convert({ name, type, convert }: ParquetColumn, text: string | null | undefined): unknown {
    if (text == null) return null;
    try {
      return convert(text);
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error;
      throw new JobError(
        `${this.tables.dataset.name}: column ${name} has a value that ${type} of Parquet does not have (infinity or NaN), ` +
          "no snapshot was written; correct the row in the source, or model the column as text in a dataset of its own",
      );
    }
  }
}
