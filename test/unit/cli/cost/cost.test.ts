import { describe, expect, it } from "vitest";
import { costOf } from "../../../../cli/cost/cost-of";
import { billOf, comparisonOf } from "../../../../cli/cost/screen";
import type { PlannedResource, Properties } from "../../../../cli/pulumi-monitor";
import { paletteFor } from "../../../../cli/shared/palette";

const planned = (type: string, name: string, inputs: Properties): PlannedResource => ({
  ...{ urn: `urn:pulumi:test::trellis::${type}::${name}`, type, name, kind: "custom", inputs },
  ...{ outputs: {}, secretInputs: [], secretOutputs: [], dependencies: [] },
  ...{ propertyDependencies: {}, options: {} },
});
const server = (name: string, serverType: string, location: string) => [
  planned("hcloud:index/server:Server", name, { serverType, location }),
  planned("hcloud:index/primaryIp:PrimaryIp", name, { type: "ipv4", location }),
  planned("hcloud:index/primaryIp:PrimaryIp", `${name}-v6`, { type: "ipv6", location }),
];
const members = (storageClassName: string, storage: string) =>
  planned("kubernetes:apps/v1:StatefulSet", "members", {
    spec: {
      replicas: 3,
      volumeClaimTemplates: [{ spec: { storageClassName, resources: { requests: { storage } } } }],
    },
  });
const floating = planned("hcloud:index/floatingIp:FloatingIp", "front", { homeLocation: "fsn1" });
const balancer = planned("hcloud:index/loadBalancer:LoadBalancer", "front", {
  loadBalancerType: "lb11",
  location: "nbg1",
});

const THREE = ["fsn1", "nbg1", "hel1"].flatMap((place) => server(place, "ccx23", place));
const bill = (
  resources: readonly PlannedResource[],
  prices = {},
  logs: Parameters<typeof costOf>[0]["logs"] = [],
) => costOf({ resources, logs }, prices);
const PLAIN = paletteFor({ isTTY: false });

describe("the cost of a plan", () => {
  it("has servers, their IPv4 addresses, the edge and volumes at Hetzner", () => {
    const { items, euros, caveats, pricesReadOn } = bill([
      ...THREE,
      floating,
      balancer,
      members("hcloud-volumes", "10Gi"),
    ]);

    expect(items).toEqual([
      { name: "ccx23", zone: "eu-central", count: 3, eurosEach: 85.99 },
      { name: "primary-ipv4", zone: "eu-central", count: 3, eurosEach: 0.5 },
      { name: "floating-ip", zone: "eu-central", count: 1, eurosEach: 3 },
      { name: "lb11", zone: "eu-central", count: 1, eurosEach: 7.49 },
      { name: "volume-gib", zone: "eu-central", count: 30, eurosEach: 0.0572 },
    ]);
    expect(euros).toBe(271.68); // 257.97 + 1.50 + 3.00 + 7.49 + 1.72
    expect(caveats.map((caveat) => caveat.split(":")[0])).toEqual(["floating-ip", "volume-gib"]);
    expect(pricesReadOn).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  it("has no volumes on the servers' own disks, nor anything else of Kubernetes", () => {
    expect(
      bill([members("local-path", "10Gi"), planned("kubernetes:apps/v1:Deployment", "api", { spec: {} })]),
    ).toEqual({
      euros: 0,
      items: [],
      caveats: [],
      load: [],
      pricesReadOn: expect.any(String),
    });
  });

  it("takes the prices of the settings before those of the table", () => {
    expect(bill(THREE, { ccx23: 60 }).euros).toBe(181.5);
  });

  it("counts what has no known price as 0, and says so", () => {
    const { euros, caveats } = bill(server("one", "cx99", "fsn1"));

    expect(euros).toBe(0.5);
    expect(caveats).toEqual(["no price of cx99 is known: it counts as 0; set it in target.prices"]);
  });
});

describe("the bill", () => {
  it("shows each item, the load of the servers and the day of the prices", () => {
    const cost = bill([...THREE, members("hcloud-volumes", "10Gi")], {}, [
      { severity: "info", message: "capacity: pods ask for 5.2 of 11.3 cores" },
      { severity: "info", message: "something else" },
    ]);

    expect(
      billOf("prod", cost, PLAIN),
    ).toBe(`prod: 261.19 EUR a month  without VAT, prices of ${cost.pricesReadOn}
                                        each    together
  3 x ccx23 in eu-central          85.99 EUR  257.97 EUR
  3 x primary-ipv4 in eu-central    0.50 EUR    1.50 EUR
  30 x volume-gib in eu-central   0.0572 EUR    1.72 EUR
load  pods ask for 5.2 of 11.3 cores
less certain  volume-gib: 0.044 before 2026-04-01, raised by 30 % then
Not included: traffic beyond the included volume, object storage, backups at Hetzner, volumes of charts.
`);
  });

  it("shows what other settings change", () => {
    const after = bill([...THREE.slice(0, 6), ...server("hel1", "ccx33", "hel1"), floating]);

    expect(comparisonOf([bill(THREE), after], ["prod", "then"], PLAIN)).toBe(
      `259.47 EUR -> 314.97 EUR a month: +55.50 EUR  without VAT, prices of ${after.pricesReadOn}
                              prod  then       change
  ccx23 in eu-central            3     2   -85.99 EUR
  primary-ipv4 in eu-central     3     3     0.00 EUR
  ccx33 in eu-central            0     1  +138.49 EUR
  floating-ip in eu-central      0     1    +3.00 EUR
less certain  floating-ip: the price before 2026-04-01; no newer one was found
Not included: traffic beyond the included volume, object storage, backups at Hetzner, volumes of charts.
`,
    );
  });
});
