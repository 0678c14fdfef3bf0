import { afterAll, beforeAll, expect, it } from "vitest";
import { KubeSystem } from "../../../../components/cluster/kube-system";
import { evaluateStack } from "../../../rigs/evaluate";
import { POLICED_NODE_PROGRAMS, PolicedNode } from "../../../rigs/kubernetes/policies/policed-node";
import {
  ALLOWED,
  type Connection,
  DENIED,
  SERVERS,
  SYSTEM_ARGS,
} from "../../../rigs/kubernetes/policies/system-connections";
import { describeAsRoot } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

const CONNECTIONS: readonly Connection[] = [...ALLOWED, ...DENIED];

describeAsRoot(POLICED_NODE_PROGRAMS, "kube-system's network policies, kept by K3s' own controller", () => {
  let node: PolicedNode;
  let without: readonly boolean[];
  let policed: readonly boolean[];

  beforeAll(async () => {
    const parties = new Set(CONNECTIONS.flatMap(([, from, to]) => [from, to]));
    node = await PolicedNode.start([...parties]);
    without = node.connect(CONNECTIONS);
    await node.apply(await renderedPolicies());
    const wanted = JSON.stringify(CONNECTIONS.map((each) => ALLOWED.includes(each)));
    // The controller needs a moment for each policy; what does not become right is told connection by connection below.
    await eventually("every connection is as it should be", 30_000, () => {
      policed = node.connect(CONNECTIONS);
      return JSON.stringify(policed) === wanted;
    }).catch((error) => console.log(String(error)));
  });
  afterAll(() => node?.stop());

  it("find networks in which everybody reaches everybody", () => {
    expect(CONNECTIONS.filter((_, index) => !without[index]).map(([what]) => what)).toEqual([]);
  });

  it.each(ALLOWED)("allow %s", (...connection) => {
    expect(policed[indexOf(connection)]).toBe(true);
  });

  it.each(DENIED)("deny %s", (...connection) => {
    expect(policed[indexOf(connection)]).toBe(false);
  });
});

const indexOf = ([what]: Connection) => CONNECTIONS.findIndex(([each]) => each === what);

async function renderedPolicies(): Promise<object[]> {
  const { resources } = await evaluateStack({
    program: () => new KubeSystem("kube-system", { ...SYSTEM_ARGS, servers: SERVERS }),
  });
  return resources
    .filter(({ type }) => type.endsWith(":NetworkPolicy"))
    .map(({ inputs }) => ({ ...inputs, apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" }));
}
