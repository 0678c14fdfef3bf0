interface Statement {
  readonly text: string;
  /** The line in the whole text where the statement begins, from 1. */
  readonly line: number;
}

/** Tokens in which a semicolon ends nothing: comments, strings and quoted names, in PostgreSQL's syntax. */
const OPAQUE =
  /--[^\n]*|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[A-Za-z_]\w*)?\$.*?\$\k<tag>\$/sy;

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/** Splits SQL into statements, for messages only: the text is always executed as a whole. */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let [begin, at, depth, previous] = [0, 0, 0, ""];
  const cut = (end: number) => {
    const raw = sql.slice(begin, end);
    const leading = raw.length - withoutLeadingComments(raw).length;
    const text = raw.slice(leading).trim();
    if (text !== "") statements.push({ text, line: sql.slice(0, begin + leading).split("\n").length });
    begin = end + 1;
  };
  while (at < sql.length) {
    const skipped = opaqueEnd(sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    WORD.lastIndex = at;
    const word = WORD.exec(sql)?.[0].toUpperCase();
    if (word !== undefined) {
      // A function body in standard SQL contains statements of its own, which end in semicolons.
      if (word === "ATOMIC" && previous === "BEGIN") depth++;
      else if (depth > 0 && word === "CASE") depth++;
      else if (depth > 0 && word === "END") depth--;
      previous = word;
      at += word.length;
      continue;
    }
    if (sql[at] === ";" && depth === 0) cut(at);
    at++;
  }
  cut(sql.length);
  return statements;
}

/** SQL on one line with `?` for every string and number, and without comments. Names stay. */
export function withoutValues(sql: string): string {
  let [text, at] = ["", 0];
  while (at < sql.length) {
    const end = opaqueEnd(sql, at);
    if (end > at) {
      const isName = sql[at] === '"';
      const isComment = sql.startsWith("--", at) || sql.startsWith("/*", at);
      text += isName ? sql.slice(at, end) : isComment ? " " : "?";
      at = end;
      continue;
    }
    PLAIN.lastIndex = at;
    const [plain = sql[at] ?? ""] = PLAIN.exec(sql) ?? [];
    if (plain === "'" || plain === "$") return oneLine(`${text}?`); // a string that nothing closes
    text += /^\d/.test(plain) ? "?" : plain;
    at += plain.length;
  }
  return oneLine(text);
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();

/** Words, parameters and numbers. */
const PLAIN = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\$\d+|\d[\w.]*/y;

/** Where the comment, string or quoted name at this position ends; the same position where there is none. */
function opaqueEnd(sql: string, at: number): number {
  if (sql.startsWith("/*", at)) return commentEnd(sql, at);
  OPAQUE.lastIndex = at;
  return at + (OPAQUE.exec(sql)?.[0].length ?? 0);
}

/** Comments nest. */
function commentEnd(sql: string, at: number): number {
  let [position, depth] = [at, 0];
  do {
    if (sql.startsWith("/*", position)) depth++;
    else if (sql.startsWith("*/", position)) depth--;
    else {
      position++;
      continue;
    }
    position += 2;
  } while (depth > 0 && position < sql.length);
  return position;
}

function withoutLeadingComments(sql: string): string {
  const rest = sql.trimStart();
  if (rest.startsWith("/*")) return withoutLeadingComments(rest.slice(commentEnd(rest, 0)));
  return rest.startsWith("--") ? withoutLeadingComments(rest.replace(/^[^\n]*/, "")) : rest;
}
