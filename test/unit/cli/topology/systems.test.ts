import * as k8s from "@pulumi/kubernetes";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { systemsOf, systemsPicture } from "../../../../cli/topology";
import { recordArtefact } from "../../../../components/shared/artefacts";
import { evaluateStack } from "../../../rigs/evaluate";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;

const pods = (namespace: string): Peer => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  podSelector: {},
});
const range = (cidr: string): Peer => ({ ipBlock: { cidr } });

/** A policy for all pods of a namespace, for one direction. */
function policy(namespace: string, direction: "in" | "out", ports: readonly number[], ...peers: Peer[]) {
  const rule = { ports: ports.map((port) => ({ port })) };
  new k8s.networking.v1.NetworkPolicy(`${namespace}-${direction}-${ports.join("-")}`, {
    metadata: { namespace, name: `${direction}-${ports.join("-")}` },
    spec: {
      podSelector: {},
      policyTypes: [direction === "in" ? "Ingress" : "Egress"],
      ...(direction === "in"
        ? { ingress: [{ ...rule, from: peers }] }
        : { egress: [{ ...rule, to: peers }] }),
    },
  });
}

async function systems() {
  const evaluation = await evaluateStack({
    program: () => {
      policy("web", "in", [8080], pods("proxy"), pods("watch"));
      policy("web", "out", [5432, 53], pods("store"));
      policy("web", "out", [443], range("0.0.0.0/0"));
      policy("store", "in", [5432, 8008], pods("web"), pods("watch"));
      policy("store", "out", [6443], range("10.0.0.0/16"));
      policy("proxy", "in", [8443], range("10.0.0.0/16"));
      policy("proxy", "out", [8080, 9090], pods("web"));
      policy("watch", "out", [8008, 8080, 9999], pods("store"), pods("web"));
      new k8s.networking.v1.Ingress("web", {
        metadata: { namespace: "web", name: "web" },
        spec: { rules: [{ host: "web.example.com" }, { host: "web.example.com" }] },
      });
      const serviceName = "store";
      new k8s.apps.v1.StatefulSet("store", {
        metadata: { namespace: "store", name: "store" },
        spec: { serviceName, selector: {}, template: {} },
      });
      new k8s.batch.v1.CronJob("copy", {
        metadata: { namespace: "store", name: "copy" },
        spec: {
          schedule: "@daily",
          jobTemplate: {
            spec: {
              template: {
                spec: {
                  containers: [
                    {
                      name: "copy",
                      env: [
                        { name: "COPY_OFFSITE_ENDPOINT", value: "https://s3.example.net" },
                        { name: "COPY_OFFSITE_BUCKET", value: "far-away" },
                      ],
                    },
                  ],
                },
              },
            },
          },
        },
      });
      recordArtefact(undefined, "postgres/specification.json", '{"databases":[{"name":"shop"}]}');
    },
  });
  return systemsOf(evaluation, { project: "trellis", stack: "test" });
}

describe("the systems of a stack", () => {
  it("are connected where the policies of both sides allow it, for the ports that both allow", async () => {
    const { flows } = await systems();
    expect(flows.map(({ from, to, ports }) => `${from} -> ${to} ${ports.join(" ")}`).sort()).toEqual([
      "proxy -> web 8080",
      "store -> the servers 6443",
      "the servers -> proxy 8443",
      "watch -> store 8008",
      "watch -> web 8080",
      "web -> store 5432",
      "web -> the internet 443",
    ]);
  });

  it("are told from what forwards to them, from where the data are, and from what watches", async () => {
    const { entry, systems: used, data, others } = await systems();
    expect(entry).toBe("proxy");
    expect(used).toEqual([{ name: "web", hosts: ["web.example.com"], holds: undefined }]);
    expect(data.map(({ name }) => name)).toEqual(["store"]);
    expect(others.map(({ name }) => name)).toEqual(["watch"]);
  });

  it("have a bucket off the cluster, and who writes there", async () => {
    const { offsite } = await systems();
    expect(offsite).toEqual({ endpoint: "https://s3.example.net", bucket: "far-away", from: ["store"] });
  });

  it("are drawn in one well-formed picture that fetches nothing and fits its page", async () => {
    const svg = systemsPicture(await systems());
    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.write(svg).close();
    const texts = svg.replace("http://www.w3.org/2000/svg", "").replace(/>[^<]*</g, "");
    expect(texts).not.toMatch(/https?:|url\(|@import|<script|<image/);
    expect(svg).toContain("max-width:100%;height:auto");
    for (const shown of ["web.example.com", "→ store 5432", "→ the internet 443", "far-away", "→ web 8080"])
      expect(svg).toContain(`>${shown}<`);
    expect(svg).not.toContain("NaN");
  });

  it("are drawn for a stack without policies, too", async () => {
    const evaluation = await evaluateStack({ program: () => {} });
    expect(systemsPicture(systemsOf(evaluation, { project: "trellis", stack: "empty" }))).not.toContain(
      "NaN",
    );
  });
});
