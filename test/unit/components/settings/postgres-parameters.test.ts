import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dynamicConfiguration, patroniConfig } from "../../../../components/data/postgres";
import { OWNED, PARAMETERS, parameterProblem } from "../../../../components/settings";
import { patroniArgs } from "../../../rigs/patroni/arguments";

describe("a parameter of PostgreSQL in the settings", () => {
  it.each([
    ["jit", false],
    ["jit", "off"],
    ["statement_timeout", "5min"],
    ["statement_timeout", 300_000],
    ["random_page_cost", 1.3],
    ["max_wal_size", "4GB"],
    ["log_statement", "ddl"],
    ["wal_compression", true],
    ["wal_compression", "lz4"],
    ["bgwriter_lru_maxpages", 0],
    ["auto_explain.log_min_duration", "1s"],
    ["TimeZone", "Europe/Berlin"],
  ])("%s: %j is accepted", (name, value) => {
    expect(parameterProblem(name, value)).toBeUndefined();
  });

  it.each([
    ["statment_timeout", "5min", /PostgreSQL 17 has statement_timeout,/],
    ["shared_buffers", "4GB", /Trellis sets this parameter, because it follows from postgres\.memoryMib/],
    ["fsync", false, /acknowledged rows depend on it/],
    ["listen_addresses", "*", /Patroni and the certificates/],
    ["jit", "maybe", /^true or false$/],
    ["log_statement", "everything", /^none, ddl, mod, all$/],
    [
      "statement_timeout",
      "5 minutes",
      /a whole number from 0 to 2147483647, counted in ms, or one with a unit/,
    ],
    ["statement_timeout", "5GB", /units?/],
    ["statement_timeout", true, /a whole number/],
    ["random_page_cost", -1, /^a number from 0 to /],
    ["max_wal_size", "1kB", /from 2 to/],
    ["bgwriter_lru_maxpages", 1.5, /whole number/],
    ["application_name", "a\nport = 1", /one line/],
    ["constructor", "x", /no parameter of this name/],
    ["", 1, /no parameter of this name/],
  ])("%s: %j is refused, and what is allowed is said", (name, value, allowed) => {
    expect(parameterProblem(name, value)).toMatch(allowed);
  });

  it("is known to PostgreSQL where Trellis owns it", () => {
    expect(Object.keys(OWNED).filter((name) => !(name in PARAMETERS))).toEqual([]);
  });

  it("is either owned by Trellis or replaced by what the settings say", () => {
    const ours = dynamicConfiguration(patroniArgs()).postgresql.parameters;
    const free = Object.keys(ours).filter((name) => !(name in OWNED));
    expect(free).toContain("random_page_cost");
    expect(
      Object.entries(ours).filter(([name, value]) => !(name in OWNED) && parameterProblem(name, value)),
    ).toEqual([]);

    const parameters = Object.fromEntries(free.map((name) => [name, "theirs"]));
    const { parameters: theirs } = dynamicConfiguration(patroniArgs({ parameters })).postgresql;
    expect(theirs).toEqual({ ...ours, ...parameters });
  });

  it("never reaches a parameter that each member sets for itself", () => {
    const own = Object.keys(parse(patroniConfig(patroniArgs())).postgresql.parameters);
    expect(own.filter((name) => !(name in OWNED))).toEqual([]);
  });
});
