import { describe, expect, it } from "vitest";
import { Addresses } from "../../../../../components/servers/hetzner";
import type { HetznerTarget } from "../../../../../components/settings";
import { evaluateStack } from "../../../../rigs/evaluate";
import { targetWith } from "../../../../rigs/hetzner/targets";

const BALANCED = { kind: "load-balancer", type: "lb11" };
const MESH = {
  servers: [
    { location: "hil", types: ["ccx13"], numbers: [1] },
    { location: "ash", types: ["ccx13"], numbers: [1, 2] },
  ],
  edge: { kind: "dns" },
};

async function addressesOf(target: HetznerTarget) {
  const { resources, outputs } = await evaluateStack({
    program: () => {
      const { publicAddress, front, api, floatingIpId } = new Addresses("addresses", {
        cluster: "trellis",
        target,
      });
      return { publicAddress, front, api, floatingIpId };
    },
  });
  const ofType = (type: string) => resources.filter((resource) => resource.type.endsWith(`:${type}`));
  const one = (type: string) => {
    const [found, ...others] = ofType(type);
    if (!found || others.length > 0) throw new Error(`${others.length + 1} resources of type ${type}`);
    return found;
  };
  return { resources, outputs, ofType, one };
}

describe("addresses", () => {
  it("give every server a primary IP of its own, which outlives it", async () => {
    const { ofType, outputs } = await addressesOf(targetWith());

    for (const ip of ofType("PrimaryIp")) {
      expect(ip.inputs).toMatchObject({ autoDelete: false, deleteProtection: true, type: "ipv4" });
      expect(Object.keys(ip.inputs)).not.toEqual(expect.arrayContaining(["assigneeType"]));
      expect(ip.options.protect).toBe(true);
    }
    expect(Object.keys(outputs.publicAddress ?? {})).toEqual([
      "ubuntu-16gb-fsn1-1",
      "ubuntu-16gb-hel1-1",
      "ubuntu-16gb-nbg1-1",
    ]);
  });

  it("never name a datacenter", async () => {
    const { resources } = await addressesOf(targetWith({ edge: BALANCED }));

    expect(JSON.stringify(resources)).not.toContain("datacenter");
  });

  it("leave the floating IP to keepalived, and its home to the past", async () => {
    const { one, outputs } = await addressesOf(targetWith());

    expect(one("FloatingIp").options.ignoreChanges).toEqual(["serverId", "homeLocation"]);
    expect(one("FloatingIp").inputs).not.toHaveProperty("serverId");
    expect(outputs.api).toEqual(outputs.front);
    expect(outputs.floatingIpId).toBeDefined();
  });

  it("make no private network in a mesh, whose firewall lets in the peers instead", async () => {
    const { ofType, one, outputs } = await addressesOf(targetWith(MESH));

    expect([...ofType("Network"), ...ofType("NetworkSubnet")]).toEqual([]);
    const peers = Object.values(outputs.publicAddress ?? {}).map((address) => `${address}/32`);
    expect(one("Firewall").inputs.rules).toContainEqual(
      expect.objectContaining({ protocol: "udp", port: "51820", sourceIps: expect.arrayContaining(peers) }),
    );
    expect(outputs.front).toBeUndefined();
    expect(outputs.api).toBe(Reflect.get(Object(outputs.publicAddress), "ubuntu-8gb-ash-1"));
  });

  it("make keys in a way that no server depends on", async () => {
    const { one } = await addressesOf(targetWith());

    expect(one("SshKey").options.deleteBeforeReplace).toBe(true);
  });
});

describe("a load balancer", () => {
  it("reaches the servers by label over the private network, with the PROXY protocol", async () => {
    const { one, ofType } = await addressesOf(targetWith({ edge: BALANCED }));

    expect(one("LoadBalancerTarget").inputs).toMatchObject({
      type: "label_selector",
      labelSelector: "trellis-cluster=trellis",
      usePrivateIp: true,
    });
    expect(one("LoadBalancerNetwork").inputs.ip).toBe("10.0.0.2");
    expect(
      ofType("LoadBalancerService").map(({ inputs }) => [inputs.listenPort, inputs.proxyprotocol]),
    ).toEqual([
      [80, true],
      [443, true],
    ]);
  });

  it("passes the Kubernetes API on only where the settings open it to everyone", async () => {
    const open = await addressesOf(targetWith({ edge: BALANCED, "access.from": ["0.0.0.0/0"] }));
    const closed = await addressesOf(targetWith({ edge: BALANCED }));

    expect(open.ofType("LoadBalancerService").map(({ inputs }) => inputs.listenPort)).toContain(6443);
    expect(open.outputs.api).toEqual(open.outputs.front);
    expect(closed.outputs.api).toBe(Reflect.get(Object(closed.outputs.publicAddress), "ubuntu-16gb-fsn1-1"));
  });

  it("is refused for more servers than it reaches", async () => {
    const many = [
      { location: "fsn1", types: ["ccx23"], numbers: [1] },
      { location: "nbg1", types: ["ccx23"], roles: ["workload"], count: 25 },
    ];

    await expect(addressesOf(targetWith({ edge: BALANCED, servers: many }))).rejects.toThrow(
      /given lb11 for 26 servers; it reaches 25/,
    );
  });
});
