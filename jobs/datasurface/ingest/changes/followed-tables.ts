import { type Database, quoteIdentifier as quoted } from "../../../shared";
import { type ColumnType, type Dataset, isText, isWidening, parseColumnType, type Store } from "../../model";
import type { FollowedTable } from "../changes-state";
import type { DatasetTables } from "../tables";

interface FoundColumn {
  readonly name: string;
  readonly type: number;
  readonly modifier: number;
  readonly sql: string;
  readonly isEnum: boolean;
  readonly isString: boolean;
  readonly isDomain: boolean;
  readonly isGenerated: boolean;
}

interface Found {
  readonly kind: string;
  readonly persistence: string;
  readonly identity: string;
  readonly files: string;
  readonly columns: readonly FoundColumn[];
  readonly unique: readonly {
    readonly columns: readonly string[];
    readonly primary: boolean;
    readonly chosen: boolean;
  }[];
}

/** The source's tables, or every reason why their changes cannot be followed exactly. */
export interface Judged {
  readonly tables: Readonly<Record<string, FollowedTable>>;
  readonly problems: readonly string[];
}

/** Judges all tables of a stream by the source's catalogue. */
export async function judgeSource(
  source: Database,
  store: Store,
  datasets: readonly DatasetTables[],
): Promise<Judged> {
  const tables: Record<string, FollowedTable> = {};
  const problems: string[] = [];
  for (const { dataset } of datasets) {
    const name = {
      schema: store.capture.source.schema,
      table: store.capture.tables[dataset.name] ?? dataset.name,
    };
    const found = await find(source, sqlName(name));
    const wrong = found ? judge(dataset, found, sqlName(name)) : [`the source has no table ${sqlName(name)}`];
    problems.push(...wrong.map((problem) => `${dataset.name}: ${problem}`));
    if (!found) continue;
    const modelled = new Set(dataset.columns.flatMap(({ name, retired }) => (retired ? [] : [name])));
    tables[dataset.name] = {
      ...name,
      files: found.files,
      columns: Object.fromEntries(
        found.columns
          .filter(({ name }) => modelled.has(name))
          .map(({ name, type, modifier }) => [name, [type, modifier]]),
      ),
    };
  }
  return { tables, problems };
}

export const sqlName = ({ schema, table }: Pick<FollowedTable, "schema" | "table">) =>
  `${quoted(schema)}.${quoted(table)}`;

async function find(source: Database, table: string): Promise<Found | undefined> {
  const { rows } = await source.query<Found>(
    `SELECT c.relkind AS kind, c.relpersistence AS persistence, c.relreplident AS identity,
       -- The files of a partitioned table are those of its partitions: one that is attached or detached changes them.
       CASE WHEN c.relkind = 'p' THEN
         (SELECT md5(string_agg(concat(t.relid::oid, ':', pg_relation_filenode(t.relid)), ',' ORDER BY t.relid::oid))
          FROM pg_partition_tree(c.oid) AS t WHERE t.isleaf)
         ELSE pg_relation_filenode(c.oid)::text END AS files,
       (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod,
          'sql', format_type(a.atttypid, a.atttypmod), 'isEnum', y.typtype = 'e', 'isString', y.typcategory = 'S',
          'isDomain', y.typtype = 'd', 'isGenerated', a.attgenerated <> ''))
        FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('primary', i.indisprimary, 'chosen', i.indisreplident, 'columns',
          (SELECT jsonb_agg(a.attname) FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, position)
           JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.position <= i.indnkeyatts))), '[]')
        FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
          AND i.indpred IS NULL AND i.indexprs IS NULL) AS unique
     FROM pg_class AS c WHERE c.oid = to_regclass($1)`,
    [table],
  );
  return rows[0];
}

function judge(dataset: Dataset, found: Found, table: string): string[] {
  if (found.kind !== "r" && found.kind !== "p") {
    return [
      `${table} is no table: views and foreign tables have no changes to follow; use kind: sql_snapshot`,
    ];
  }
  if (found.persistence !== "p") {
    return [
      `${table} is unlogged or temporary, so that its changes are in no log: ALTER TABLE ${table} SET LOGGED`,
    ];
  }
  return [...keyProblems(dataset, found, table), ...columnProblems(dataset, found)];
}

/**
 * The rows of the source have the model's key once each, and every UPDATE and DELETE tells it. Else the last change of a
 * key would not be the state of one row.
 */
function keyProblems(dataset: Dataset, { identity, unique, columns }: Found, table: string): string[] {
  const key = dataset.columns.filter((column) => column.key).map(({ name }) => name);
  const list = key.map(quoted).join(", ");
  const isUnique = unique.some((each) => each.columns.every((name) => key.includes(name)));
  const identified =
    identity === "f"
      ? columns.map(({ name }) => name)
      : identity === "n"
        ? []
        : (unique.find(({ primary, chosen }) => (identity === "i" ? chosen : primary))?.columns ?? []);
  const hidden = key.filter((name) => !identified.includes(name));
  return [
    ...(isUnique
      ? []
      : [
          `the model's key (${list}) is not unique in ${table} by an index that is checked at once: make it the primary key or ` +
            "a unique index, or correct the key in the model",
        ]),
    ...(hidden.length > 0
      ? [
          `its replica identity lacks ${hidden.map(quoted).join(", ")} of the key, so that the log would not tell which row was deleted: ` +
            `ALTER TABLE ${table} REPLICA IDENTITY FULL, or make (${list}) the primary key`,
        ]
      : []),
  ];
}

function columnProblems(dataset: Dataset, found: Found): string[] {
  const columns = new Map(found.columns.map((column) => [column.name, column]));
  return dataset.columns.flatMap(({ name, type, retired }) => {
    const column = columns.get(name);
    if (retired || !column) return []; // the snapshot's own check explains a column that is missing
    if (column.isGenerated) {
      return [
        `column ${name} is generated, and the log has no value for it: leave it out, or use kind: sql_snapshot`,
      ];
    }
    return isSameText(column, type)
      ? []
      : [
          `column ${name} is ${column.sql} in the source and ${type.sql} in the model: the log has the text of values, which may ` +
            "mean another value there; give it the source's type in the model, or one that is wider",
        ];
  });
}

/** Whether the text of each value of the source means the same value in the model's type. */
function isSameText({ sql, isEnum, isString, isDomain }: FoundColumn, type: ColumnType): boolean {
  const from = parseColumnType(sql);
  if (typeof from === "string")
    return !isDomain && (isEnum || isString) && isText(type) && type.length === undefined;
  if (from.sql === type.sql) return true;
  return isWidening(from, type) && !(from.array && from.base === "real");
}
