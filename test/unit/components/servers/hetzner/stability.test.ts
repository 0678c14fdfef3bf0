import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placementGroupOf, placementGroups } from "../../../../../components/servers/hetzner/placement";
import { fabricOf, type Node, nodesOf } from "../../../../../components/settings";
import { clusters, type RawServers, targetOf } from "../../../../rigs/hetzner/targets";

/** All by which Hetzner and the cluster know a server. */
const identity = (node: Node) => ({ ...node, placementGroup: placementGroupOf(node) });

/** A cluster, and the same one without one of its agents. */
const withAndWithoutAnAgent = clusters
  .filter((servers) => servers.length > 1)
  .chain((servers) =>
    fc.record({
      before: fc.constant(servers),
      group: fc.integer({ min: 1, max: servers.length - 1 }),
      place: fc.nat(),
    }),
  )
  .map(({ before, group, place }) => {
    const gone = before[group]?.numbers[place % (before[group]?.numbers.length ?? 1)];
    const after = before
      .map(
        (each, index): RawServers =>
          index === group ? { ...each, numbers: each.numbers.filter((number) => number !== gone) } : each,
      )
      .filter(({ numbers }) => numbers.length > 0);
    return { before, after };
  });

describe("servers keyed by name", () => {
  it("keep name, addresses, types and placement when any other comes or goes", () => {
    fc.assert(
      fc.property(withAndWithoutAnAgent, ({ before, after }) => {
        // The fabric is decided by the zones: a first server abroad turns a private network into a mesh, for all.
        fc.pre(fabricOf(targetOf(before).servers) === fabricOf(targetOf(after).servers));
        const larger = nodesOf(targetOf(before));
        const smaller = nodesOf(targetOf(after));

        expect(smaller).toHaveLength(larger.length - 1);
        for (const node of smaller) {
          const same = larger.find(({ name }) => name === node.name);
          expect(same && identity(same)).toEqual(identity(node));
        }
      }),
    );
  });

  it("do not depend on the order in which the settings list them", () => {
    fc.assert(
      fc.property(clusters, (servers) => {
        expect(nodesOf(targetOf([...servers].reverse()))).toEqual(nodesOf(targetOf(servers)));
      }),
    );
  });

  it("have fixed addresses of their own, inside the network and clear of its gateway and balancer", () => {
    fc.assert(
      fc.property(clusters, (servers) => {
        const addresses = nodesOf(targetOf(servers)).flatMap(({ privateAddress }) => privateAddress ?? []);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const address of addresses) {
          expect(address).toMatch(/^10\.0\.([1-9]|\d\d)\.\d+$/); // 10.0.0.x belongs to gateway and balancer
        }
      }),
    );
  });
});

describe("spread placement groups", () => {
  it("never hold more than ten servers", () => {
    fc.assert(
      fc.property(clusters, (servers) => {
        const groups = nodesOf(targetOf(servers)).map(placementGroupOf);
        for (const group of groups) {
          expect(groups.filter((each) => each === group).length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it("refuse more groups than a project of Hetzner holds", () => {
    const scattered = ["fsn1", "nbg1", "hel1"].flatMap((location) =>
      Array.from({ length: 20 }, (_, index) => ({ location: location as "fsn1", number: index * 10 + 1 })),
    );

    expect(() => placementGroups(scattered)).toThrow(/need 60 placement groups.*holds 50/);
    expect(placementGroups(scattered.slice(0, 50))).toHaveLength(50);
  });
});
