import pg from "pg";

/** An answer that PostgREST gives by itself. */
export class Refused extends Error {
  readonly body: unknown;

  constructor(
    readonly status: number,
    code: string,
    message: string,
    details: string | null = null,
  ) {
    super(message);
    this.body = { code, message, details, hint: null };
  }
}

interface Query {
  readonly sql: string;
  readonly values: unknown[];
}

export interface Statement extends Query {
  /** Whether the rows are the answer's body. */
  readonly representation: boolean;
  /** Whether the body is the one row itself: the functions that are known return one. */
  readonly oneRow?: boolean;
  /** Counts all rows of which the statement returns some. */
  readonly count: Query | undefined;
}

const OPERATORS: Readonly<Record<string, string>> = {
  eq: "=",
  neq: "<>",
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
  like: "LIKE",
  ilike: "ILIKE",
};

const RESERVED = new Set(["select", "order", "limit", "offset", "columns", "on_conflict"]);

const quoted = (name: string) => pg.escapeIdentifier(name);

/** The one statement of a request, as PostgREST's documentation describes it. */
export function statementFor(
  method: string,
  path: string,
  parameters: URLSearchParams,
  body: string,
  prefer: string,
): Statement {
  const representation = method === "GET" || prefer.includes("return=representation");
  const [, called] = /^rpc\/(\w+)$/.exec(path) ?? [];
  if (called !== undefined)
    return { ...callOf(called, body), representation: true, oneRow: true, count: undefined };
  const table = quoted(path);
  const columns = columnsOf(parameters);
  const { where, values } = filterOf(parameters);
  const returning = representation ? `RETURNING ${columns}` : "";
  switch (method) {
    case "GET":
    case "HEAD":
      return {
        sql: `SELECT ${columns} FROM ${table}${where}${orderOf(parameters)}${rangeOf(parameters)}`,
        values,
        representation: method === "GET",
        count: prefer.includes("count=exact")
          ? { sql: `SELECT count(*) FROM ${table}${where}`, values }
          : undefined,
      };
    case "POST":
      return { ...insertOf(table, parameters, body, prefer, returning), representation, count: undefined };
    case "PATCH": {
      const changed = Object.keys(JSON.parse(body)).map(quoted).join(", ");
      const row = values.push(body);
      return {
        sql: `UPDATE ${table} SET (${changed}) = (SELECT ${changed} FROM json_populate_record(NULL::${table}, $${row}))${where} ${returning}`,
        values,
        representation,
        count: undefined,
      };
    }
    case "DELETE":
      return { sql: `DELETE FROM ${table}${where} ${returning}`, values, representation, count: undefined };
    default:
      throw new Refused(405, "PGRST117", `Unsupported HTTP method: ${method}`);
  }
}

function columnsOf(parameters: URLSearchParams): string {
  const select = parameters.get("select") ?? "*";
  if (select === "*") return "*";
  return select
    .split(",")
    .map((each) => each.split(":").reverse().map(quoted).join(" AS "))
    .join(", ");
}

function insertOf(
  table: string,
  parameters: URLSearchParams,
  body: string,
  prefer: string,
  returning: string,
): Query {
  const rows: object[] = [JSON.parse(body)].flat();
  const given = parameters.get("columns")?.replaceAll('"', "").split(",") ?? Object.keys(rows[0] ?? {});
  const names = given.map(quoted).join(", ");
  const keys = parameters.get("on_conflict")?.split(",").map(quoted).join(", ") ?? quoted("id");
  const replaced = given.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ");
  const merge = prefer.includes("resolution=merge-duplicates")
    ? ` ON CONFLICT (${keys}) DO UPDATE SET ${replaced}`
    : "";
  return {
    sql: `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1)${merge} ${returning}`,
    values: [JSON.stringify(rows)],
  };
}

function callOf(name: string, body: string): Query {
  const given = Object.entries(JSON.parse(body || "{}"));
  const named = given.map(([key], index) => `${quoted(key)} => $${index + 1}`).join(", ");
  return { sql: `SELECT * FROM ${quoted(name)}(${named})`, values: given.map(([, value]) => value) };
}

function filterOf(parameters: URLSearchParams): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const conditions = [...parameters]
    .filter(([name]) => !RESERVED.has(name))
    .map(([name, condition]) => {
      const negated = condition.startsWith("not.");
      const [, operator = "", operand = ""] = /^(\w+)\.(.*)$/s.exec(condition.replace(/^not\./, "")) ?? [];
      return `${negated ? "NOT " : ""}(${quoted(name)} ${comparison(operator, operand, values)})`;
    });
  return { where: conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "", values };
}

function comparison(operator: string, operand: string, values: unknown[]): string {
  if (operator === "is" && /^(null|true|false)$/.test(operand)) return `IS ${operand}`;
  if (operator === "in") {
    const list = operand.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
    const places = list.map((each) => `$${values.push(each.replace(/^"(.*)"$/s, "$1"))}`);
    return `IN (${places.join(", ")})`;
  }
  const sql = OPERATORS[operator];
  if (!sql) throw new Refused(400, "PGRST100", `"failed to parse filter (${operator}.${operand})"`);
  const text = operator.endsWith("like") ? operand.replaceAll("*", "%") : operand;
  return `${sql} $${values.push(text)}`;
}

function orderOf(parameters: URLSearchParams): string {
  const order = parameters.get("order");
  if (order === null) return "";
  const terms = order.split(",").map((term) => {
    const [name = "", ...ways] = term.split(".");
    const direction = ways.includes("desc") ? "DESC" : "ASC";
    const nulls = ways.find((way) => way.startsWith("nulls"));
    return `${quoted(name)} ${direction}${nulls ? ` NULLS ${nulls === "nullsfirst" ? "FIRST" : "LAST"}` : ""}`;
  });
  return ` ORDER BY ${terms.join(", ")}`;
}

function rangeOf(parameters: URLSearchParams): string {
  const whole = (name: string) => Number.parseInt(parameters.get(name) ?? "", 10);
  const [limit, offset] = [whole("limit"), whole("offset")];
  return `${Number.isNaN(limit) ? "" : ` LIMIT ${limit}`}${Number.isNaN(offset) ? "" : ` OFFSET ${offset}`}`;
}
