import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { etcdPart } from "../../../../../components/servers/etcd";
import { etcdArgs } from "../../../../rigs/etcd/part";

function timeouts(roundTripMs: number): { heartbeat: number; election: number } {
  const file = etcdPart(etcdArgs({ roundTripMs })).files?.find(({ path }) => path === "/etc/etcd/etcd.yaml");
  const yaml = parse(file?.content ?? "");
  return { heartbeat: yaml["heartbeat-interval"], election: yaml["election-timeout"] };
}

describe("etcd's timeouts", () => {
  it("are etcd's defaults within one location", () => {
    expect(timeouts(1)).toEqual({ heartbeat: 100, election: 1000 });
  });

  it("follow the distance: between the coasts of America, and around the world", () => {
    expect(timeouts(65)).toEqual({ heartbeat: 100, election: 1000 });
    expect(timeouts(95)).toEqual({ heartbeat: 150, election: 1500 });
    expect(timeouts(225)).toEqual({ heartbeat: 350, election: 3500 });
  });

  it("leave a heartbeat a round trip, and an election ten, whatever the distance; etcd takes up to 50 seconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (roundTripMs) => {
        const { heartbeat, election } = timeouts(roundTripMs);
        expect(heartbeat).toBeGreaterThanOrEqual(roundTripMs);
        expect(election).toBeGreaterThanOrEqual(10 * roundTripMs);
        expect(election).toBeGreaterThanOrEqual(5 * heartbeat);
        expect(election).toBeLessThanOrEqual(50_000);
      }),
    );
  });
});
