import * as dockerBuild from "@pulumi/docker-build";
import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { describe, expect, it } from "vitest";
import { evaluateStack } from "../../../rigs/evaluate";

describe("what providers would answer", () => {
  it("gives a server the addresses of the primary IPs that it was given", async () => {
    const { outputs } = await evaluateStack({
      program: () => {
        const ip = (type: string) =>
          new hcloud.PrimaryIp(type, { type, autoDelete: false, assigneeType: "server" });
        const [v4, v6] = [ip("ipv4"), ip("ipv6")];
        const server = new hcloud.Server("s", {
          serverType: "cx23",
          image: "debian-13",
          publicNets: [{ ipv4: v4.id.apply(Number), ipv6: v6.id.apply(Number) }],
        });
        return { of: [v4.ipAddress, v6.ipAddress], server: [server.ipv4Address, server.ipv6Address] };
      },
    });

    expect(outputs.server).toEqual(outputs.of);
    expect(outputs.of).toEqual([
      expect.stringMatching(/^(203\.0\.113|198\.51\.100)\./),
      expect.stringMatching(/^2001:db8:/),
    ]);
  });

  it("gives Hetzner's resources numbers as identities", async () => {
    const { resources } = await evaluateStack({
      program: () => {
        const network = new hcloud.Network("n", { ipRange: "10.0.0.0/16" });
        new hcloud.Firewall("f", {});
        new hcloud.PlacementGroup("p", { type: "spread" });
        new hcloud.LoadBalancer("l", { loadBalancerType: "lb11", location: "fsn1" });
        return { network: network.id };
      },
    });

    for (const { id } of resources.filter(({ kind }) => kind === "custom")) expect(id).toMatch(/^\d+$/);
  });

  it("makes keys and certificates of the shape that readers of PEM look for, and secret where they are", async () => {
    const { outputs, secretOutputs } = await evaluateStack({
      program: () => {
        const key = new tls.PrivateKey("ca", { algorithm: "ECDSA", ecdsaCurve: "P256" });
        const cert = new tls.SelfSignedCert("ca", {
          privateKeyPem: key.privateKeyPem,
          allowedUses: ["cert_signing"],
          validityPeriodHours: 24,
          subject: { commonName: "ca" },
        });
        return { key: key.privateKeyPem, cert: cert.certPem, until: cert.validityEndTime };
      },
    });

    expect(outputs).toEqual({
      key: expect.stringMatching(
        /^-----BEGIN EC PRIVATE KEY-----\n<secret:tls:ca>\n([\w+/]{1,64}\n)+-----END EC PRIVATE KEY-----\n$/,
      ),
      cert: expect.stringMatching(
        /^-----BEGIN CERTIFICATE-----\n<certificate:tls:ca>\n([\w+/]{1,64}\n)+-----END CERTIFICATE-----\n$/,
      ),
      until: "2000-01-02T00:00:00.000Z",
    });
    expect(secretOutputs).toEqual(["key"]);
    expect(String(outputs.key)).toHaveLength(227); // as OpenSSL writes it
  });

  it("makes random values that look like what they are", async () => {
    const { outputs, secretOutputs } = await evaluateStack({
      program: () => {
        const id = new random.RandomId("id", { byteLength: 4, prefix: "x-" });
        return {
          hex: id.hex,
          text: new random.RandomString("s", { length: 12 }).result,
          uuid: new random.RandomUuid("u").result,
          bytes: new random.RandomBytes("b", { length: 32 }).base64,
        };
      },
    });

    expect(outputs).toEqual({
      hex: expect.stringMatching(/^x-[0-9a-f]{8}$/),
      text: expect.stringMatching(/^\w{12}$/),
      uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      bytes: "<secret:random:b-as-base64>",
    });
    expect(secretOutputs).toEqual(["bytes"]);
  });

  it("echoes Kubernetes objects, and names those that have none", async () => {
    const { outputs, resources } = await evaluateStack({
      program: () => {
        const named = new k8s.core.v1.Service("s", {
          metadata: { name: "web", namespace: "n" },
          spec: { ports: [{ port: 80 }] },
        });
        const unnamed = new k8s.core.v1.ConfigMap("c", { data: {} });
        return { port: named.spec.ports[0]?.port, name: unnamed.metadata.name };
      },
    });

    expect(outputs).toEqual({ port: 80, name: expect.stringMatching(/^c-[0-9a-f]{8}$/) });
    expect(resources.find(({ name }) => name === "s")?.id).toBe("n/web");
  });

  it("refers to an image by its digest", async () => {
    const { outputs } = await evaluateStack({
      program: () => {
        const image = new dockerBuild.Image("jobs", {
          push: true,
          tags: ["registry.example/jobs:1"],
          context: { location: "." },
        });
        return { ref: image.ref };
      },
    });

    expect(outputs.ref).toMatch(/^registry\.example\/jobs:1@sha256:[0-9a-f]{64}$/);
  });

  it("knows Hetzner's server types where they are offered, and refuses those that do not exist", async () => {
    const { outputs } = await evaluateStack({
      program: async () => ({
        locations: (await hcloud.getServerType({ name: "cax11" })).locations.map(({ name }) => name),
        listed: (await hcloud.getServerTypes()).serverTypes.some(({ name }) => name === "ccx23"),
        zone: (await hcloud.getLocation({ name: "hil" })).networkZone,
      }),
    });

    expect(outputs).toEqual({ locations: ["fsn1", "nbg1", "hel1"], listed: true, zone: "us-west" });
    await expect(evaluateStack({ program: () => hcloud.getServerType({ name: "cx999" }) })).rejects.toThrow(
      'Hetzner has no server type "cx999"',
    );
  });

  it("finds nothing in a project that is still empty", async () => {
    await expect(evaluateStack({ program: () => hcloud.getNetwork({ name: "n" }) })).rejects.toThrow(
      /found nothing/,
    );
  });

  it("refuses a function that it has no answer for, and says where to give it one", async () => {
    const program = () => pulumi.runtime.invoke("aws:index/getRegion:getRegion", {});

    await expect(evaluateStack({ program })).rejects.toThrow(/does not support .*getRegion.*invokes\.ts/);
  });

  it("says unknown for an output that no stand-in gives, instead of leaving it out", async () => {
    const { outputs } = await evaluateStack({
      program: () => {
        const certificate = new hcloud.ManagedCertificate("c", { domainNames: ["example.com"] });
        return { issued: certificate.certificate };
      },
    });

    expect(outputs).toEqual({ issued: "<unknown>" });
  });
});
