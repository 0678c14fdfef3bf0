import { describe, expect, it } from "vitest";
import { differenceOf, isSame } from "../../../../cli/plan/difference/difference";
import { differenceScreen, sentences } from "../../../../cli/plan/difference/screen";
import { paletteFor } from "../../../../cli/shared/palette";

const server = (name: string, more: object = {}, trigger = 1) => ({
  urn: `urn::${name}`,
  type: "hcloud:index/server:Server",
  name: `cluster-servers-${name}`,
  kind: "custom",
  inputs: { name, serverType: "cx33", ...more },
  options: { replacementTrigger: trigger },
});

const statefulSet = {
  urn: "urn::members",
  type: "kubernetes:apps/v1:StatefulSet",
  name: "postgres-cluster-members",
  kind: "custom",
  file: "kubernetes/postgres/statefulset-postgres.yaml",
};

const members = (memory: string, replicas = 3) =>
  `kind: StatefulSet\nspec:\n  replicas: ${replicas}\n  template:\n    spec:\n      memory: ${memory}\n  serviceName: postgres\n`;

const plan = (resources: readonly object[], files: Readonly<Record<string, string>>, euros = 100) =>
  new Map([
    ["resources.json", JSON.stringify(resources)],
    ["outputs.json", JSON.stringify({ monthlyCost: { euros, items: [] } })],
    ...Object.entries(files),
  ]);

const before = plan([server("one"), server("two"), statefulSet], {
  [statefulSet.file]: members("1Gi"),
  "servers/one/etc/k3s.yaml": "a",
  "servers/one/user-data": "u",
  "servers/two/etc/k3s.yaml": "b",
});

describe("the difference of two plans", () => {
  it("is nothing for the same plan", () => {
    const same = differenceOf(before, new Map([...before].reverse()));
    expect(isSame(same)).toBe(true);
    expect(differenceScreen(same, { from: "main", to: "prod" }, paletteFor({ isTTY: false }))).toBe(
      "main → prod\nNothing changes.\n",
    );
  });

  it("says in words what happens to servers, pods and the bill, the gravest first", () => {
    const after = plan(
      [server("one", {}, 2), server("two"), server("three"), statefulSet],
      {
        [statefulSet.file]: members("2Gi"),
        "servers/one/etc/k3s.yaml": "other",
        "servers/two/etc/k3s.yaml": "other",
        "servers/three/etc/k3s.yaml": "c",
      },
      104,
    );
    expect(sentences(differenceOf(before, after))).toEqual([
      "One server is rebuilt with an empty disk: one.",
      "One server is created: three.",
      "The first boot of one server changes; it keeps running: two.",
      "PostgreSQL restarts member by member.",
      "€ 4.00 more a month: € 104.00.",
    ]);
  });

  it("tells a restart from a change in place", () => {
    const more = new Map(before).set(statefulSet.file, members("1Gi", 4));
    const { restarted, changed } = differenceOf(before, more);
    expect({ restarted, changed }).toEqual({
      restarted: [],
      changed: ["StatefulSet postgres/postgres"],
    });
  });

  it("names what holds data and is removed", () => {
    const without = plan([server("one"), server("two", { serverType: "cx43" })], {
      "servers/one/etc/k3s.yaml": "a",
      "servers/one/user-data": "u",
      "servers/two/etc/k3s.yaml": "b",
    });
    expect(sentences(differenceOf(before, without))).toEqual([
      "One server changes its type and restarts: two.",
      "What holds data is removed: StatefulSet postgres/postgres.",
      "Further resources: 1 removed.",
    ]);
  });
});
