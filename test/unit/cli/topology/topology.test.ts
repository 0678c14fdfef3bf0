import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { picture, topologyOf } from "../../../../cli/topology";
import { recordArtefact } from "../../../../components/shared/artefacts";
import { evaluateStack } from "../../../rigs/evaluate";

const identity = { project: "trellis", stack: "test" };

interface Shape {
  readonly locations: readonly string[];
  readonly roles?: readonly string[];
  readonly front?: "floating-ip" | "load-balancer";
  /** keepalived's, of each server. */
  readonly priorities?: readonly number[];
}

const ROLES = ["etcd", "control-plane", "workload"];

async function topology({ locations, roles = ROLES, front, priorities = [] }: Shape) {
  const evaluation = await evaluateStack({
    program: () => {
      locations.forEach((location, index) => {
        const name = `node-${index + 1}`;
        const labels = Object.fromEntries(roles.map((role) => [`trellis-role-${role}`, "true"]));
        const networks = [{ ip: `10.0.1.${9 + index}`, subnetId: "1" }];
        new hcloud.Server(name, { name, serverType: "cx23", image: "debian-13", location, labels, networks });
        recordArtefact(
          undefined,
          `servers/${name}/etc/haproxy/haproxy.cfg`,
          "bind :443,:80\n bind 10.0.0.1:6443\n",
        );
        if (front === "floating-ip") {
          recordArtefact(
            undefined,
            `servers/${name}/etc/keepalived/keepalived.conf.template`,
            `vrrp_instance edge {\n  priority ${priorities[index] ?? 1}\n}\n`,
          );
        }
      });
      if (front === "floating-ip") new hcloud.FloatingIp("edge", { type: "ipv4", homeLocation: "fsn1" });
      if (front === "load-balancer")
        new hcloud.LoadBalancer("edge", { loadBalancerType: "lb11", location: "fsn1" });
      const metadata = { name: "api & <more>", namespace: "web" };
      new k8s.core.v1.Namespace("web", { metadata: { name: "web" } });
      new k8s.apps.v1.StatefulSet("api", {
        metadata,
        spec: { replicas: 3, serviceName: "api", selector: {}, template: {} },
      });
      new k8s.apiextensions.CustomResource("chart", {
        apiVersion: "helm.cattle.io/v1",
        kind: "HelmChart",
        metadata: { name: "cert-manager", namespace: "kube-system" },
        spec: { targetNamespace: "cert-manager" },
      });
    },
  });
  return topologyOf(evaluation, identity);
}

describe("the topology of a stack", () => {
  it("places servers in their locations and those in their network zones", async () => {
    const { zones } = await topology({ locations: ["hil", "ash", "hil"] });

    expect(
      zones.map(({ name, locations }) => [
        name,
        locations.map(({ name, servers }) => [name, servers.length]),
      ]),
    ).toEqual([
      ["us-west", [["hil", 2]]],
      ["us-east", [["ash", 1]]],
    ]);
  });

  it("shows of a server what its roles and its files say", async () => {
    const hybrid = await topology({ locations: ["fsn1"] });
    const agent = await topology({ locations: ["fsn1"], roles: ["workload"] });

    const layers = ({ zones }: typeof hybrid) => zones[0]?.locations[0]?.servers[0]?.layers;
    expect(layers(hybrid)).toEqual([
      { kind: "edge", title: "HAProxy", detail: ":80 :443 :6443" },
      { kind: "k3s", title: "K3s", detail: "API server and workloads" },
      { kind: "etcd", title: "etcd", detail: "state of the cluster" },
    ]);
    expect(layers(agent)).toEqual([
      expect.objectContaining({ kind: "edge" }),
      { kind: "k3s", title: "K3s", detail: "workloads" },
    ]);
  });

  it("shows keepalived where a floating IP is to be moved", async () => {
    const { zones } = await topology({ locations: ["fsn1"], front: "floating-ip" });

    expect(zones[0]?.locations[0]?.servers[0]?.layers[0]?.title).toBe("HAProxy + keepalived");
  });

  it.each([
    ["the highest priority", [1, 253, 252], "node-2"],
    ["then the highest address", [253, 253, 252], "node-2"],
    ["which is a number", [1, 253, 253], "node-3"],
  ] as const)("says which server holds the floating IP first: %s", async (_, priorities, holder) => {
    const shape = { locations: ["fsn1", "nbg1", "hel1"], front: "floating-ip", priorities } as const;
    const shown = await topology(shape);
    const servers = shown.zones.flatMap(({ locations }) => locations.flatMap((each) => each.servers));
    expect(servers.filter(({ active }) => active).map(({ name }) => name)).toEqual([holder]);

    const svg = picture(shown);
    expect(svg).toContain(`>${holder} is elected first; whoever takes over keeps it<`);
    expect(svg.match(/class="to-front next"/g)).toHaveLength(2);
    expect(svg.match(/class="to-front"/g)).toHaveLength(1);
  });

  it("holds no server back where there is no floating IP", async () => {
    const svg = picture(await topology({ locations: ["fsn1", "nbg1"] }));
    expect(svg).not.toMatch(/elected|to-front next/);
  });

  it.each([
    ["Floating IP", "floating-ip"],
    ["Load balancer", "load-balancer"],
    ["DNS", undefined],
  ] as const)("names what is in front: %s", async (kind, front) => {
    const { front: shown } = await topology({ locations: ["fsn1"], ...(front && { front }) });

    expect(shown.kind).toBe(kind);
    expect(shown.addresses).toEqual([expect.stringMatching(/^(203\.0\.113|198\.51\.100)\./)]);
  });

  it("counts a chart where it runs, not where it is laid down", async () => {
    const { namespaces } = await topology({ locations: ["fsn1"] });

    expect(namespaces).toEqual([
      {
        name: "cert-manager",
        workloads: [{ kind: "HelmChart", name: "cert-manager", replicas: undefined }],
        others: 0,
      },
      { name: "web", workloads: [{ kind: "StatefulSet", name: "api & <more>", replicas: 3 }], others: 1 },
    ]);
  });
});

describe("the picture of a topology", () => {
  it("is well-formed, fetches nothing, and knows light and dark", async () => {
    const svg = picture(await topology({ locations: ["fsn1", "nbg1", "hel1"], front: "floating-ip" }));

    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.write(svg).close();
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|@import|<script|<image/);
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    expect(svg).toContain("api &amp; &lt;more&gt; ×3");
  });

  it("counts servers instead of drawing them where there are many", async () => {
    const svg = picture(await topology({ locations: Array.from({ length: 40 }, () => "fsn1") }));

    expect(svg).toContain("+ 38");
    expect(svg.match(/>node-\d+</g)).toEqual([">node-1<", ">node-2<"]);
  });

  it("is drawn for a cluster without servers of its own, too", async () => {
    const svg = picture(await topology({ locations: [] }));

    expect(svg).toContain("Existing cluster");
    expect(svg).not.toContain("NaN");
  });
});
