import type { EventEmitter } from "node:events";
import type pg from "pg";
import { type Attributes, recording } from "../tracing";
import { withoutValues } from "./sql-statements";

const LONGEST_TEXT = 2_000;

/** Records a span for each statement of the session, where traces are wanted: its text without values, never a row. */
export function traceStatements(database: pg.Client, where: Attributes): void {
  const recorder = recording();
  if (!recorder) return;
  const query = database.query.bind(database) as (...words: unknown[]) => unknown;
  const traced = (...words: unknown[]): unknown => {
    const [statement] = words;
    const text = withoutValues(textOf(statement)).slice(0, LONGEST_TEXT);
    const [operation = "SQL"] = text.split(/[\s;(]/, 1);
    const attributes = { ...where, "db.query.text": text, "db.operation.name": operation.toUpperCase() };
    const span = recorder.begin(operation.toUpperCase(), attributes, "client");
    try {
      const answer = query(...words);
      if (answer instanceof Promise) answer.then(() => span.end(), span.end);
      else if (isEmitter(answer)) endWith(answer, span.end);
      else span.end();
      return answer;
    } catch (error) {
      span.end(error);
      throw error;
    }
  };
  database.query = traced as typeof database.query; // safe: it hands on all words and the answer
}

function textOf(statement: unknown): string {
  if (typeof statement === "string") return statement;
  const { text } = Object(statement);
  return typeof text === "string" ? text : "";
}

/** COPY is a stream. */
const isEmitter = (answer: unknown): answer is EventEmitter => typeof Object(answer).once === "function";

function endWith(stream: EventEmitter, end: (error?: unknown) => void): void {
  let open = true;
  const once = (error?: unknown) => {
    if (open) end(error);
    open = false;
  };
  stream.once("error", once);
  for (const event of ["end", "finish", "close"]) stream.once(event, () => once());
}
