import { describe, expect, it } from "vitest";
import {
  againstTheDirection,
  circles,
  type Import,
  pastAnIndex,
  productImports,
  shown,
} from "../../../cli/docs/imports";
import { repository } from "../../rigs/platform/stacks";

const imports = productImports(repository);
const one = (from: string, to: string): Import[] => [{ from, to }];

describe("the product's imports", () => {
  it("are found", () => {
    expect(imports.length).toBeGreaterThan(1000);
    expect(imports).toContainEqual({ from: "index.ts", to: "components/data/index.ts" });
  });

  it("go one way through the layers, and from jobs to nothing but jobs", () => {
    expect(againstTheDirection(imports).map(shown)).toEqual([]);
  });

  it("never go past a folder's index from outside of the folder", () => {
    expect(pastAnIndex(imports).map(shown)).toEqual([]);
  });

  it("make no circle", () => {
    expect(circles(imports)).toEqual([]);
  });
});

describe("the rules about imports", () => {
  it.each([
    ["components/data/minio/minio.ts", "components/systems/index.ts"],
    ["components/shared/tar.ts", "components/settings/index.ts"],
    ["components/servers/k3s/part.ts", "cli/docs/index.ts"],
    ["components/systems/index.ts", "index.ts"],
    ["components/data/index.ts", "policy/judge.ts"],
    ["policy/judge.ts", "cli/shared/palette.ts"],
    ["jobs/rain/config.ts", "components/shared/tar.ts"],
    ["jobs/rain/config.ts", "cli/shared/palette.ts"],
  ])("refuse that %s imports %s", (lower, higher) => {
    expect(againstTheDirection(one(lower, higher))).toHaveLength(1);
    if (!lower.startsWith("jobs/")) expect(againstTheDirection(one(higher, lower))).toEqual([]);
  });

  it("refuse an import past an index, and allow a file of a folder around the importer", () => {
    const archive = "components/data/postgres/archive/archive.ts";
    expect(pastAnIndex(one("components/data/postgres/postgres.ts", archive))).toHaveLength(1);
    expect(pastAnIndex(one("index.ts", "components/data/postgres/index.ts"))).toHaveLength(1);
    expect(pastAnIndex(one(archive, "components/data/postgres/names.ts"))).toEqual([]);
    expect(pastAnIndex(one(archive, "components/shared/versions.ts"))).toEqual([]);
  });

  it("find a circle once, beside files that are in none", () => {
    const edges = ["a>b", "b>c", "c>a", "a>d", "d>e", "f>f2", "f2>f"].map((edge) => {
      const [from = "", to = ""] = edge.split(">");
      return { from, to };
    });
    expect(circles(edges)).toEqual([
      ["a", "b", "c"],
      ["f", "f2"],
    ]);
  });
});
