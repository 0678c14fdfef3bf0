import { describe, expect, it } from "vitest";
import { upgradeChart } from "../../../../../components/cluster/add-ons/upgrades";
import { joinedWith } from "../../../../../components/servers";

/** As the API server receives them. */
const ofKind = (kind: string, nodes = 4) => {
  const { manifests } = upgradeChart({
    version: "v1.36.4+k3s1",
    controller: "v0.19.2",
    nodes,
    startHour: 1,
    lengthHours: 4,
  });
  return JSON.parse(JSON.stringify(manifests.filter((each) => each.kind === kind)));
};

describe("the upgrade plans", () => {
  it("skip nodes that joined with the wanted release, which need no cordon and no drain", () => {
    for (const { spec } of ofKind("Plan")) {
      expect(spec.nodeSelector.matchExpressions).toContainEqual({
        key: "trellis.k3s/joined-with",
        operator: "NotIn",
        values: ["v1.36.4-k3s1"],
      });
    }
    expect(ofKind("Plan")).toHaveLength(2);
  });

  it("cordon and drain with the kubectl of the release that is installed", () => {
    const [settings] = ofKind("ConfigMap");
    expect(settings.data.SYSTEM_UPGRADE_JOB_KUBECTL_IMAGE).toBe("registry.k8s.io/kubectl:v1.36.4");
  });

  it("drain each node, servers too, and do not get past a disruption budget", () => {
    for (const { spec } of ofKind("Plan")) {
      expect(spec.drain).toEqual({
        ...{ force: true, deleteEmptydirData: true, ignoreDaemonSets: true },
        ...{ skipWaitForDeleteTimeout: 60, timeout: 600_000_000_000 },
      });
      expect(spec.concurrency).toBe(1);
    }
  });

  it("only cordon a node that is alone", () => {
    const [servers] = ofKind("Plan", 1);
    expect(servers.spec).toMatchObject({ cordon: true });
    expect(servers.spec).not.toHaveProperty("drain");
  });

  it("compare releases as values of labels, which Kubernetes accepts", () => {
    expect(joinedWith("v1.36.4+k3s1")).toMatch(/^[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]$/);
  });
});
