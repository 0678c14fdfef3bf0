import { describe, expect, it } from "vitest";
import { statementsOf, withoutValues } from "../../../../jobs/shared/database/sql-statements";

describe("SQL that is cut into its statements", () => {
  it.each([
    ["SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]],
    ["SELECT ';'; SELECT 'it''s;'", ["SELECT ';'", "SELECT 'it''s;'"]],
    ["SELECT E'\\';'; SELECT 2;", ["SELECT E'\\';'", "SELECT 2"]],
    ['CREATE TABLE "a;""b" (id integer);', ['CREATE TABLE "a;""b" (id integer)']],
    [
      "-- one; two\nSELECT 1 -- three;\n; /* four; /* five; */ six; */ SELECT 2",
      ["SELECT 1 -- three;", "SELECT 2"],
    ],
    ["DO $$ BEGIN PERFORM 1; END $$; SELECT 2", ["DO $$ BEGIN PERFORM 1; END $$", "SELECT 2"]],
    ["DO $a$ SELECT '$$;$b$;' $a$; SELECT $1;", ["DO $a$ SELECT '$$;$b$;' $a$", "SELECT $1"]],
    [
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
      [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "SELECT 3",
      ],
    ],
    ["BEGIN; SELECT 1; END;", ["BEGIN", "SELECT 1", "END"]],
    [" ; ;\n-- nothing\n", []],
  ])("%s", (sql, statements) => {
    expect(statementsOf(sql).map(({ text }) => text)).toEqual(statements);
  });

  it("knows the line of each", () => {
    expect(statementsOf("-- why\n\nSELECT 1;\n\n  SELECT\n 2;").map(({ line }) => line)).toEqual([3, 5]);
  });
});

describe("SQL in a trace", () => {
  it.each([
    [
      "SELECT name FROM people WHERE name = 'Ada' AND age > 36.5",
      "SELECT name FROM people WHERE name = ? AND age > ?",
    ],
    ["SELECT E'it\\'s', $$a 'b'$$, $t$x$t$", "SELECT ?, ?, ?"],
    ['SELECT "it\'s 1" FROM "a""b"', 'SELECT "it\'s 1" FROM "a""b"'],
    [
      "SELECT $1, x1, 2, 0x1F FROM t_3 -- Ada\n WHERE /* 'Grace' */ y=1",
      "SELECT $1, x1, ?, ? FROM t_3 WHERE y=?",
    ],
    ["SET lock_timeout = '60s'", "SET lock_timeout = ?"],
    ["SELECT 'unclosed", "SELECT ?"],
  ])("%s shows no value", (sql, text) => {
    expect(withoutValues(sql)).toBe(text);
  });
});
