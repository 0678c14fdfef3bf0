import { describe, expect, it } from "vitest";
import {
  findPlatform,
  findStream,
  loadModel,
  type Model,
  schemaHash,
  schemaOf,
  streamsOf,
} from "../../../../jobs/datasurface/model";

const model = loadModel("examples/model");

describe("the acceptance model", () => {
  it("has the stream of Store1 on both platforms", () => {
    for (const platform of ["YellowLive", "YellowForensic"]) {
      const [stream, ...others] = streamsOf(model, findPlatform(model, platform));
      expect(others).toEqual([]);
      expect(stream?.key).toBe("Store1");
      expect(stream?.datasets.map(({ name }) => name)).toEqual(["customers", "addresses"]);
    }
  });

  it("has no stream for a store that nobody consumes, and says what to do", () => {
    const unassigned: Model = { ...model, assignments: [] };
    expect(() => findStream(unassigned, { platform: "YellowLive", store: "Store1" })).toThrow(
      /not in the graph of YellowLive[\s\S]*dsg_platform_mapping\.json/,
    );
  });

  it.each([
    ["PROVISIONING", 1],
    ["PROVISIONED", 1],
    ["DECOMMISSIONING", 1],
    ["DECOMMISSIONED", 0],
  ] as const)("believes the status of an assignment: %s leaves %i streams", (status, streams) => {
    const assignments = model.assignments.map((each) => ({
      ...each,
      assignments: each.assignments.map((assignment) => ({ ...assignment, status })),
    }));
    expect(streamsOf({ ...model, assignments }, findPlatform(model, "YellowLive"))).toHaveLength(streams);
  });
});

describe("a dataset's schema", () => {
  const [dataset] = model.ecosystem.stores[0]?.datasets ?? [];
  if (!dataset) throw new Error("the model has a dataset");

  it("has the same hash in whatever order its columns are listed, and another for another column", () => {
    const reversed = { ...dataset, columns: [...dataset.columns].reverse() };
    expect(schemaHash(schemaOf(reversed))).toBe(schemaHash(schemaOf(dataset)));
    const fewer = { ...dataset, columns: dataset.columns.slice(0, -1) };
    expect(schemaHash(schemaOf(fewer))).not.toBe(schemaHash(schemaOf(dataset)));
  });

  it("takes columns for nullable unless they say otherwise or identify the row", () => {
    const nullable = Object.fromEntries(
      schemaOf(dataset).columns.map((column) => [column.name, column.nullable]),
    );
    expect(nullable).toMatchObject({ id: false, firstname: false, email: true, primaryaddressid: true });
  });
});
