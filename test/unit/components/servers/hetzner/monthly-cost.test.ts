import { describe, expect, it } from "vitest";
import { monthlyCost } from "../../../../../components/servers/hetzner/monthly-cost";
import { billedNames, SERVER_TYPES } from "../../../../../components/settings";

const three = (["fsn1", "nbg1", "hel1"] as const).map((location) => ({ serverType: "ccx23", location }));

describe("the monthly cost", () => {
  it("sums servers, their addresses and the edge", () => {
    const { euros, items } = monthlyCost({
      servers: three,
      edge: { kind: "load-balancer", type: "lb11" },
      prices: {},
    });

    expect(items).toEqual([
      { name: "ccx23", zone: "eu-central", count: 3, eurosEach: 85.99 },
      { name: "primary-ipv4", zone: "eu-central", count: 3, eurosEach: 0.5 },
      { name: "lb11", zone: "eu-central", count: 1, eurosEach: 7.49 },
    ]);
    expect(euros).toBe(266.96);
  });

  it("believes the settings before its table", () => {
    const { euros, caveats } = monthlyCost({
      servers: three,
      edge: { kind: "floating-ip", virtualRouterId: 51 },
      prices: { ccx23: 31.49, "floating-ip": 0 },
    });

    expect(euros).toBe(95.97);
    expect(caveats).toEqual([]);
  });

  it("says where a figure was not read for the place", () => {
    const { caveats } = monthlyCost({
      servers: [
        { serverType: "ccx23", location: "hil" },
        { serverType: "cx21", location: "fsn1" },
      ],
      edge: { kind: "dns" },
      prices: {},
    });

    expect(caveats).toEqual([
      expect.stringContaining("no price of ccx23 in us-west is known"),
      expect.stringContaining("no price of cx21 is known"),
    ]);
  });

  it("knows every server type that settings may name", () => {
    expect(billedNames).toEqual(expect.arrayContaining(Object.keys(SERVER_TYPES)));
  });
});
