import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  argument,
  database,
  decimalNumber,
  flag,
  oneOf,
  readSettings,
  text,
  toggle,
  variable,
  wholeNumber,
} from "../../../jobs/shared";

const inputs = (given: {
  arguments?: string[];
  flags?: Record<string, string | boolean>;
  environment?: Record<string, string>;
}) => ({ arguments: [], flags: {}, environment: {}, ...given });

describe("the settings of a job", () => {
  const settings = {
    year: argument(0, "year", "the water year", wholeNumber({ min: 1950, max: 2100 })),
    store: flag("--store <name>", "the store to ingest", text(), "STORE"),
    rate: flag("--rate <n>", "changes per second", decimalNumber().optional()),
    mode: variable("MODE", "how to run", oneOf(["fast", "slow"]).optional()),
    token: variable("TOKEN", "the token", z.string().regex(/^t-/, "allowed: a token").optional(), {
      secret: true,
    }),
    json: toggle("--json", "print JSON"),
  };

  it("come from words, flags and environment into one typed value", () => {
    const { value } = readSettings(
      settings,
      inputs({ arguments: ["2023"], flags: { store: "Store1", json: true }, environment: { MODE: "fast" } }),
    );

    expect(value).toEqual({
      year: 2023,
      store: "Store1",
      rate: undefined,
      mode: "fast",
      token: undefined,
      json: true,
    });
  });

  it("prefer the flag over its variable, and take an empty variable for none", () => {
    const given = { arguments: ["2023"], flags: { store: "A" }, environment: { STORE: "B", MODE: "" } };

    expect(readSettings(settings, inputs(given)).value).toMatchObject({ store: "A", mode: undefined });
  });

  it("show every problem at once, each with its name, what was given and what is allowed, and never a secret", () => {
    const { problems } = readSettings(
      settings,
      inputs({ arguments: ["1066"], flags: { rate: "-1" }, environment: { MODE: "warp", TOKEN: "hunter2" } }),
    );

    expect(problems).toEqual([
      '<year>: given "1066", allowed: a whole number from 1950 to 2100',
      "--store (or STORE) is required: the store to ingest",
      '--rate: given "-1", allowed: a number above 0',
      'MODE: given "warp", allowed: fast, slow',
      "TOKEN: given a value, allowed: a token",
    ]);
  });
});

describe("a database in the environment", () => {
  const read = (environment: Record<string, string>) =>
    readSettings(
      { merge: database("MERGE", "the merge database", { database: "merge" }) },
      inputs({ environment }),
    );

  it("is read from parts, with the defaults filled in", () => {
    expect(read({ MERGE_HOST: "db", MERGE_USER: "u", MERGE_PASSWORD: "p" }).value?.merge).toEqual({
      host: "db",
      port: 5432,
      database: "merge",
      user: "u",
      password: "p",
      sslmode: "verify-full",
      certificateAuthority: undefined,
    });
  });

  it.each([
    [{ MERGE_HOST: "db.example.com", MERGE_USER: "u" }, "verify-full"],
    [{ MERGE_HOST: "127.0.0.1.example.com", MERGE_USER: "u" }, "verify-full"],
    [{ MERGE_URL: "postgres://u@db.example.com/x" }, "verify-full"],
    [{ MERGE_URL: "postgres://u@localhost/x" }, "prefer"],
    [{ MERGE_URL: "postgres://u@[::1]/x" }, "prefer"],
    [{ MERGE_HOST: "127.0.0.11", MERGE_USER: "u" }, "prefer"],
    [{ MERGE_HOST: "db.example.com", MERGE_USER: "u", MERGE_SSLMODE: "require" }, "require"],
  ])("verifies the server unless it is on this machine or a mode is given: %o is %s", (given, sslmode) => {
    expect(read(given).value?.merge).toMatchObject({ sslmode });
  });

  it("is read from a URL whose parts are decoded, with the password beside it where it has none", () => {
    const { value } = read({
      MERGE_URL: "postgres://us%40er@[::1]:6000/d%20b?sslmode=require",
      MERGE_PASSWORD: "p",
    });

    expect(value?.merge).toMatchObject({
      host: "::1",
      port: 6000,
      database: "d b",
      user: "us@er",
      password: "p",
      sslmode: "require",
    });
  });

  it("is refused when URL and parts contradict, without showing the URL's password", () => {
    const MERGE_URL = "postgres://u:hunter2@db:6000/x?sslmode=require";
    const differs = (name: string) =>
      `MERGE_${name}: differs from MERGE_URL, which libpq would take; give one of the two, or the same`;
    const others = {
      HOST: "other",
      PORT: "6001",
      DATABASE: "y",
      USER: "v",
      PASSWORD: "other",
      SSLMODE: "disable",
    };
    for (const [name, value] of Object.entries(others)) {
      expect(read({ MERGE_URL, [`MERGE_${name}`]: value }).problems).toEqual([differs(name)]);
    }
  });

  it("takes parts beside a URL that agree with it, or that it leaves out", () => {
    const parts = {
      ...{ MERGE_HOST: "db", MERGE_PORT: "6000", MERGE_DATABASE: "x", MERGE_USER: "u" },
      ...{ MERGE_PASSWORD: "p", MERGE_SSLMODE: "require" },
    };
    const whole = { host: "db", port: 6000, database: "x", user: "u", password: "p", sslmode: "require" };
    for (const url of [
      "postgres://u:p@db:6000/x?sslmode=require",
      "postgres://u@db:6000/x",
      "postgres://db/x",
      "postgres://db",
    ]) {
      expect(read({ MERGE_URL: url, ...parts }).value?.merge).toMatchObject(whole);
    }
    expect(read({ MERGE_URL: "postgres://u@db/x", MERGE_PORT: "none" }).problems).toEqual([
      'MERGE_PORT: given "none", allowed: a whole number from 1 to 65535',
    ]);
  });

  it.each([
    [
      {},
      [
        "MERGE_HOST is required: the merge database: host name or address",
        "MERGE_USER is required: the merge database: user name",
      ],
    ],
    [
      { MERGE_URL: "mysql://u:hunter2@db/x" },
      ["MERGE_URL: given a value, allowed: a URL that begins with postgres://"],
    ],
    [{ MERGE_URL: "postgres://db" }, ["MERGE_URL: has no user"]],
    [
      { MERGE_URL: "postgres://u@db/x?options=-c" },
      ["MERGE_URL: given a value, its parameter options is not known, only sslmode is"],
    ],
    [
      { MERGE_HOST: "h", MERGE_USER: "u", MERGE_PORT: "70000", MERGE_SSLMODE: "yes" },
      [
        'MERGE_PORT: given "70000", allowed: a whole number from 1 to 65535',
        'MERGE_SSLMODE: given "yes", allowed: disable, prefer, require, verify-ca, verify-full',
      ],
    ],
    [
      { MERGE_HOST: "h", MERGE_USER: "u", MERGE_SSLROOTCERT: "/no/such/file" },
      ['MERGE_SSLROOTCERT: given "/no/such/file", allowed: a file that can be read'],
    ],
  ])("is refused when it says %j", (environment, expected) => {
    expect(read(environment as Record<string, string>).problems).toEqual(expected);
  });
});
