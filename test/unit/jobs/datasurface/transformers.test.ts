import { describe, expect, it } from "vitest";
import { datasurface } from "../../../../jobs/datasurface";
import { findPlatform, streamsOf } from "../../../../jobs/datasurface/model";
import { ingestionJobs } from "../../../../jobs/datasurface/stream-list";
import { parseCommandLine, prepare } from "../../../../jobs/shared";
import { modelFrom, type StoreSpec } from "../../../rigs/datasurface/datasurface";
import { KEY, maskedModel, type TransformerSpec } from "../../../rigs/datasurface/masked";

const STORES: Record<string, StoreSpec> = {
  Store1: {
    datasets: {
      people: [
        { name: "id", type: "integer", key: true },
        { name: "name", type: "varchar(5)", nullable: false },
        { name: "born", type: "date", nullable: false },
        { name: "score", type: "real" },
        { name: "constructor", type: "text" },
      ],
      bare: [
        { name: "a", type: "text" },
        { name: "b", type: "text" },
      ],
    },
  },
};

const MASK: TransformerSpec = {
  name: "Masked1",
  from: "Store1",
  key: "people_key",
  datasets: [
    {
      name: "persons",
      from: "people",
      columns: { id: "token", name: "redact", born: { shift: { by: "id", days: 10 } }, score: "hash" },
    },
  ],
};

const withColumns = (columns: Record<string, unknown>, from = "people"): TransformerSpec => ({
  ...MASK,
  datasets: [{ name: "persons", from, columns }],
});

describe("a transformer", () => {
  const model = modelFrom(maskedModel({ stores: STORES, transformer: MASK }));
  const platform = findPlatform(model, "YellowLive");

  it("is a stream of its own, with the columns that it names and no other", () => {
    const [original, copy, ...more] = streamsOf(model, platform);
    expect(more).toEqual([]);
    expect([original?.key, copy?.key]).toEqual(["Store1", "Masked1"]);
    expect(
      copy?.datasets.map(({ columns }) =>
        columns.map(({ name, type, nullable }) => [name, type.sql, nullable]),
      ),
    ).toEqual([
      [
        ["id", "text", false],
        ["name", "character varying(5)", false],
        ["born", "date", false],
        ["score", "text", true],
      ],
    ]);
  });

  it("brings its original into the graph of a platform on which nobody else reads that", () => {
    const { assignments, ...rest } = model;
    const alone = { ...rest, assignments: assignments.filter(({ workspace }) => workspace === "Masked") };
    expect(streamsOf(alone, platform).map(({ key }) => key)).toEqual(["Store1", "Masked1"]);
  });

  it("gets its key from a Secret of its own, and words that its verb takes", async () => {
    const job = ingestionJobs(model, platform).find(({ dag }) => dag.includes("Masked1"));
    expect(job?.environment).toEqual([
      { name: "MASK_KEY", secret: { name: "mask-key-people-key", key: "MASK_KEY" } },
    ]);
    const chosen = await parseCommandLine(
      job?.arguments ?? [],
      [{ name: "datasurface", summary: "", load: async () => datasurface }],
      {
        ...{ MERGE_HOST: "localhost", MERGE_USER: "merge", MODEL_DIR: "examples/model" },
        MASK_KEY: KEY,
      },
    );
    expect(chosen.verb.name).toBe("transform");
    expect(() => prepare(chosen)).not.toThrow();
  });

  it("refuses a key that could be guessed, and never shows it", async () => {
    const environment = { MERGE_HOST: "localhost", MERGE_USER: "merge", MASK_KEY: "swordfish" };
    const words = ["datasurface", "transform", "--platform", "P", "--store", "S", "--model", "m"];
    const entry = { name: "datasurface", summary: "", load: async () => datasurface };
    const chosen = await parseCommandLine(words, [entry], environment);
    expect(() => prepare(chosen)).toThrow(/MASK_KEY: given a value, allowed: at least 32 random characters/);
    expect(() => prepare(chosen)).not.toThrow(/swordfish/);
  });
});

describe("the lint of transformers", () => {
  const identity = { id: "token" };
  it.each<[mistake: string, spec: TransformerSpec, says: RegExp]>([
    ["a store that there is not", { ...MASK, from: "Store2" }, /Masked1\.from: there is no store Store2/],
    ["its own store", { ...MASK, from: "Masked1" }, /Masked1 is made by a transformer itself/],
    ["the name of a store", { ...MASK, name: "Store1" }, /stores: Store1 occurs more than once/],
    ["a team that there is not", { ...MASK, team: "nobody" }, /Masked1\.team: no zone has a team nobody/],
    [
      "a dataset that there is not",
      { ...MASK, datasets: [{ name: "ghosts", columns: identity }] },
      /ghosts\.from: the store Store1 has no dataset ghosts; it has people, bare/,
    ],
    [
      "a column that there is not",
      withColumns({ ...identity, nmae: "hash" }),
      /persons\.columns\.nmae: the dataset people has no such column; it has id, name/,
    ],
    ["an unknown treatment", withColumns({ id: "encrypt" }), /allowed: hash, redact, token, keep, drop, or/],
    ["no column at all", withColumns({ id: "drop" }), /every column would be dropped/],
    [
      "a key column that is dropped",
      withColumns({ name: "hash" }),
      /columns\.id: given drop, allowed: token, hash, keep: it is part of the key/,
    ],
    [
      "a key column that is redacted",
      withColumns({ id: "redact", name: "hash" }),
      /columns\.id: given redact/,
    ],
    [
      "a column of a dataset without a key that is dropped",
      withColumns({ a: "hash" }, "bare"),
      /columns\.b: given drop, .* bare has no key, so that the whole row identifies it/,
    ],
    [
      "a token of a type without one text for equal values",
      withColumns({ ...identity, score: "token" }),
      /columns\.score: a column of type real cannot be a token/,
    ],
    [
      "a shift of what is no date",
      withColumns({ ...identity, name: { shift: { by: "id" } } }),
      /columns\.name: a column of type character varying\(5\) cannot be shifted/,
    ],
    [
      "a shift by a column that there is not",
      withColumns({ ...identity, born: { shift: { by: "di" } } }),
      /born\.shift\.by: the dataset has no column di/,
    ],
    [
      "a shift by a column that has no token",
      withColumns({ ...identity, born: { shift: { by: "score" } } }),
      /born\.shift\.by: score is real/,
    ],
    [
      "a shift by no day",
      withColumns({ ...identity, born: { shift: { by: "id", days: 0 } } }),
      /persons\.columns\.born/,
    ],
    [
      "no key",
      { name: "Masked1", from: "Store1", datasets: MASK.datasets },
      /Masked1\.key: is required by hash, token and shift/,
    ],
    ["a key that nothing uses", withColumns({ id: "keep" }), /Masked1\.key: no column uses it/],
    [
      "a selection with a mask",
      { ...MASK, kind: "select" },
      /key: kind select changes no value[\s\S]*columns\.id: given token, allowed with kind select: keep, drop/,
    ],
    ["an unknown kind", { ...MASK, kind: "join" }, /allowed: mask, select/],
  ])("names %s", (_, transformer, says) => {
    expect(() => modelFrom(maskedModel({ stores: STORES, transformer }))).toThrow(says);
  });

  it("does not take a name that every object has for an entry", () => {
    const model = modelFrom(maskedModel({ stores: STORES, transformer: MASK }));
    expect(model.ecosystem.derived[0]?.datasets[0]?.columns.map(({ name }) => name)).not.toContain(
      "constructor",
    );
  });
});

describe("who may read the unmasked", () => {
  const classified: Record<string, StoreSpec> = {
    Store1: {
      datasets: {
        people: [
          { name: "id", type: "integer", key: true },
          { name: "email", type: "text", classification: "CPI" },
          { name: "town", type: "text" },
        ],
      },
    },
  };
  const copyOf = (columns: Record<string, unknown>, kind = "mask"): TransformerSpec => ({
    ...{ name: "Masked1", from: "Store1", kind, datasets: [{ name: "people", columns }] },
    ...(Object.values(columns).includes("hash") && { key: "people_key" }),
  });
  const inClear = copyOf({ id: "keep", email: "keep", town: "keep" });

  it("is not widened by a classified column that is kept", () => {
    expect(() =>
      modelFrom(maskedModel({ stores: classified, transformer: inClear, readers: { copy: ["analyst"] } })),
    ).toThrow(
      /workspaces\.Masked\.readers: analyst may not read Store1\/people, and Masked1\/people shows email in clear/,
    );
  });

  it("is not widened by a selection, whatever its columns", () => {
    const transformer = copyOf({ id: "keep", town: "keep" }, "select");
    expect(() =>
      modelFrom(maskedModel({ stores: classified, transformer, readers: { copy: ["analyst"] } })),
    ).toThrow(/Masked1\/people shows id, town in clear/);
  });

  it.each([
    ["to readers of the original", inClear, { original: ["analyst"], copy: ["analyst"] }],
    ["of what is masked", copyOf({ id: "keep", email: "hash", town: "keep" }), { copy: ["analyst"] }],
  ])("allows a copy %s", (_, transformer, readers) => {
    expect(() => modelFrom(maskedModel({ stores: classified, transformer, readers }))).not.toThrow();
  });

  it("is not widened by a group of the original in the workspace of the copy", () => {
    const { ecosystem, assignments } = maskedModel({
      stores: classified,
      transformer: copyOf({ id: "keep", email: "hash" }),
    });
    const [consumer, masked] = ecosystem.workspaces;
    const groups = [...(masked?.groups ?? []), { ...consumer?.groups[0], name: "Clear" }];
    const workspaces = [consumer, { ...masked, groups }];
    expect(() => modelFrom({ ecosystem: { ...ecosystem, workspaces }, assignments })).toThrow(
      /workspaces\.Masked: it has sinks on Masked1\/people and on Store1\/people, and its readers read both/,
    );
  });
});
