import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  datasetTables,
  fitIdentifier,
  stagedBatch,
  streamKey,
  viewNames,
} from "../../../../jobs/datasurface/model";
import { kubernetesName } from "../../../../jobs/datasurface/model/names";

describe("names in the merge database", () => {
  it("are the platform's, the store's and the dataset's, in lower case", () => {
    expect(datasetTables("YellowLive", "Store1", "customers")).toEqual({
      staging: "yellowlive_store1_customers_staging",
      merge: "yellowlive_store1_customers_merge",
    });
    expect(datasetTables("YellowForensic", "Store1", "addresses").merge).toBe(
      "yellowforensic_store1_addresses_merge",
    );
  });

  it("keep 63 characters whole and shorten 64 to their beginning and a digest", () => {
    const whole = viewNames({
      platform: "YellowForensic",
      workspace: "Consumer1",
      group: "ForensicDSG",
      store: "Store1",
      dataset: "customers",
    });
    expect(whole.live).toBe("yellowforensic_consumer1_forensicdsg_store1_customers_view_live");
    expect(whole.live).toHaveLength(63);
    expect(fitIdentifier("yellowlive_consumer1_livedsg_maskedcustomers_customers_view_live")).toBe(
      "yellowlive_consumer1_livedsg_maskedcustomers_customers_view_94f",
    );
  });

  it("never pass the limit, and never come to the same for names that differ early", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,200}$/), (name) => {
        const fitted = fitIdentifier(name);
        expect(fitted.length).toBeLessThanOrEqual(63);
        expect(name.length > 63 || fitted === name).toBe(true);
      }),
    );
  });

  it("keep a thousand batches of any two datasets apart", () => {
    const stagings = ["a", "b"].map((end) => fitIdentifier(`${"long_".repeat(15)}${end}_staging`));
    const names = stagings.flatMap((staging) =>
      Array.from({ length: 1000 }, (_, batch) => stagedBatch(staging, batch)),
    );
    expect(new Set(names).size).toBe(2000);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(63);
    expect(stagedBatch("yellowlive_store1_customers_staging", 7)).toBe(
      "yellowlive_store1_customers_staging_b7",
    );
  });

  it("put spaces and hyphens of a view's parts to underscores", () => {
    const names = viewNames({ platform: "P", workspace: "My Space", group: "a-b", store: "S", dataset: "d" });
    expect(names).toEqual({
      live: "p_my_space_a_b_s_d_view_live",
      full: "p_my_space_a_b_s_d_view_full",
      asOf: "p_my_space_a_b_s_d_asof",
    });
  });

  it("tell streams of a store from streams of its datasets", () => {
    expect([streamKey("Store1"), streamKey("Store1", "customers")]).toEqual(["Store1", "Store1#customers"]);
    expect(streamKey("S".repeat(300)).length).toBe(255);
  });
});

describe("names in Kubernetes", () => {
  it.each([
    ["YellowLive", "yellowlive"],
    ["Test_DP", "test-dp"],
    [" Store 1 ", "store-1"],
    ["a__b..c", "a-bc"],
  ])("of %s is %s", (name, expected) => expect(kubernetesName(name)).toBe(expected));
});
