import { createRequire } from "node:module";
import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { describe, expect, it } from "vitest";
import { recordArtefact } from "../../../../components/shared/artefacts";
import { UserError } from "../../../../components/shared/user-error";
import { evaluateStack } from "../../../rigs/evaluate";

class Group extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:test:Group", name, {}, opts);
  }
}

const configMap = (name: string, opts?: pulumi.CustomResourceOptions) =>
  new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace: "default" }, data: { a: "1" } }, opts);

describe("what an evaluation sees of a resource", () => {
  it("places children under their parents, in URN and in record", async () => {
    const { resources } = await evaluateStack({
      program: () => {
        const group = new Group("outer");
        configMap("inner", { parent: group });
      },
    });

    const inner = resources.find(({ name }) => name === "inner");
    expect(inner?.urn).toBe(
      "urn:pulumi:test::trellis::trellis:test:Group$kubernetes:core/v1:ConfigMap::inner",
    );
    expect(inner?.parent).toBe("urn:pulumi:test::trellis::trellis:test:Group::outer");
  });

  it("keeps every option that it was given", async () => {
    const { resources } = await evaluateStack({
      program: () => {
        const first = configMap("first");
        const provider = new k8s.Provider("explicit", { kubeconfig: "{}" });
        configMap("second", {
          dependsOn: first,
          provider,
          protect: true,
          retainOnDelete: true,
          deleteBeforeReplace: true,
          ignoreChanges: ["data"],
          replaceOnChanges: ["metadata.name"],
          aliases: [{ name: "former" }],
          deletedWith: first,
          customTimeouts: { create: "5m" },
        });
      },
    });

    const second = resources.find(({ name }) => name === "second");
    const first = resources.find(({ name }) => name === "first");
    expect(second?.dependencies).toEqual([first?.urn]);
    expect(second?.provider).toBe("urn:pulumi:test::trellis::pulumi:providers:kubernetes::explicit");
    expect(second?.options).toMatchObject({
      protect: true,
      retainOnDelete: true,
      deleteBeforeReplace: true,
      ignoreChanges: ["data"],
      replaceOnChanges: ["metadata.name"],
      aliases: [{ name: "former" }],
      deletedWith: first?.urn,
      customTimeouts: { create: "5m" },
    });
  });

  it("hands protection down from a component to its children", async () => {
    const { resources } = await evaluateStack({
      program: () => configMap("inner", { parent: new Group("outer", { protect: true }) }),
    });

    expect(resources.find(({ name }) => name === "inner")?.options.protect).toBe(true);
  });

  it("gives a resource without a provider the default one of its package and version", async () => {
    const { resources } = await evaluateStack({
      config: { "hcloud:endpoint": "http://127.0.0.1:1" },
      secrets: { "hcloud:token": "t0ken" },
      program: () => new hcloud.Network("net", { ipRange: "10.0.0.0/8" }),
    });

    const provider = resources.find(({ kind }) => kind === "provider");
    expect(provider?.urn).toMatch(/::pulumi:providers:hcloud::default_\d+_\d+_\d+$/);
    expect(provider?.inputs).toEqual({ endpoint: "http://127.0.0.1:1", token: "t0ken" });
    expect(provider?.secretInputs).toEqual(["token"]);
    expect(resources.find(({ name }) => name === "net")?.provider).toBe(provider?.urn);
  });

  it("knows which property depends on which resource", async () => {
    const { resources } = await evaluateStack({
      program: () => {
        const ip = new hcloud.PrimaryIp("ip", { type: "ipv4", autoDelete: false, assigneeType: "server" });
        new hcloud.Server("s", { serverType: "cx23", image: "debian-13", userData: ip.ipAddress });
      },
    });

    const ip = resources.find(({ name }) => name === "ip");
    const server = resources.find(({ name }) => name === "s");
    expect(server?.propertyDependencies).toEqual({ userData: [ip?.urn] });
    expect(server?.inputs.userData).toMatch(/^(203\.0\.113|198\.51\.100)\.\d+$/);
  });

  it("follows secrets into whatever is made from them, and out again as stack outputs", async () => {
    const { resources, outputs, secretOutputs } = await evaluateStack({
      program: () => {
        const password = new random.RandomPassword("admin", { length: 20 });
        const url = pulumi.interpolate`postgres://admin:${password.result}@db`;
        new k8s.core.v1.ConfigMap("holder", { data: { "db.url": url, plain: "yes" } });
        return { url, plain: "yes" };
      },
    });

    const holder = resources.find(({ name }) => name === "holder");
    expect(holder?.secretInputs).toEqual(['data["db.url"]']);
    expect(outputs).toEqual({ url: "postgres://admin:<secret:random:admin>@db", plain: "yes" });
    expect(secretOutputs).toEqual(["url"]);
  });

  it("applies transforms: of the resource, then of its component, then of the stack", async () => {
    const tag =
      (tag: string): pulumi.ResourceTransform =>
      ({ props, opts }) => ({
        props: { ...props, data: { ...props.data, order: `${props.data.order ?? ""}${tag}` } },
        opts,
      });
    const { resources } = await evaluateStack({
      program: () => {
        pulumi.runtime.registerResourceTransform((args) =>
          args.type.endsWith("ConfigMap") ? tag("c")(args) : undefined,
        );
        const group = new Group("outer", {
          transforms: [(args) => (args.custom ? tag("b")(args) : undefined)],
        });
        configMap("inner", { parent: group, transforms: [tag("a")] });
      },
    });

    expect(resources.find(({ name }) => name === "inner")?.inputs.data).toEqual({ a: "1", order: "abc" });
  });

  it("records a resource that is only read as read", async () => {
    const { resources } = await evaluateStack({
      program: () => hcloud.Network.get("existing", "4711"),
    });

    expect(resources.find(({ name }) => name === "existing")).toMatchObject({ kind: "read", id: "4711" });
  });

  it("answers what an empty project answers when a provider is asked", async () => {
    const { outputs } = await evaluateStack({
      program: async () => ({
        servers: (await hcloud.getServers()).servers,
        cores: hcloud.getServerTypeOutput({ name: "cx33" }).cores,
      }),
    });

    expect(outputs).toEqual({ servers: [], cores: 4 });
  });
});

describe("an evaluation", () => {
  it("reads settings as the program's own Config does, secrets included", async () => {
    const { outputs, secretOutputs } = await evaluateStack({
      config: { domain: "example.org", size: { nodes: 3 } },
      secrets: { token: "t0ken" },
      program: () => {
        const config = new pulumi.Config("trellis");
        return {
          domain: config.require("domain"),
          nodes: config.requireObject<{ nodes: number }>("size").nodes,
          token: config.requireSecret("token"),
        };
      },
    });

    expect(outputs).toEqual({ domain: "example.org", nodes: 3, token: "t0ken" });
    expect(secretOutputs).toEqual(["token"]);
  });

  it("collects artefacts with the resource that they belong to", async () => {
    const { artefacts, resources } = await evaluateStack({
      program: () => {
        const password = new random.RandomPassword("p", { length: 8 });
        recordArtefact(password, "servers/a/file", pulumi.interpolate`password ${password.result}`);
        recordArtefact(undefined, "notes.txt", "plain");
      },
    });

    const urn = resources.find(({ name }) => name === "p")?.urn;
    expect(artefacts).toEqual([
      { path: "notes.txt", content: "plain", secret: false },
      { path: "servers/a/file", content: "password <secret:random:p>", secret: true, resource: urn },
    ]);
  });

  it("collects what the program logs", async () => {
    const { logs } = await evaluateStack({
      program: async () => {
        await pulumi.log.warn("etcd 3.4 is out of support soon");
      },
    });

    expect(logs).toEqual([{ severity: "warning", message: "etcd 3.4 is out of support soon" }]);
  });

  it("rejects with the program's own error", async () => {
    const refusal = new UserError("servers: 2 etcd members cannot form a majority");

    await expect(
      evaluateStack({
        program: () => {
          throw refusal;
        },
      }),
    ).rejects.toBe(refusal);
  });

  it("rejects with an error from inside an apply, even when others wait for its result", async () => {
    const failing = evaluateStack({
      program: () => {
        const first = configMap("first");
        const broken = first.id.apply((): string => {
          throw new UserError("no such zone");
        });
        const second = new k8s.core.v1.ConfigMap("second", { data: { broken } });
        configMap("third", { dependsOn: second });
      },
    });

    await expect(failing).rejects.toThrow("no such zone");
  });

  it("refuses two resources with one URN, as the engine does", async () => {
    const twice = evaluateStack({
      program: () => {
        configMap("same");
        configMap("same");
      },
    });

    await expect(twice).rejects.toThrow(/Duplicate resource URN '.*::same'/);
  });

  it("fails when the program logs an error", async () => {
    await expect(
      evaluateStack({
        program: async () => {
          await pulumi.log.error("not good");
        },
      }),
    ).rejects.toThrow("not good");
  });

  it("leaves nothing behind for the next one, not even after a failure", async () => {
    const program = () => configMap("only");
    await expect(evaluateStack({ program: () => Promise.reject(new Error("first")) })).rejects.toThrow(
      "first",
    );

    const one = await evaluateStack({ program });
    const two = await evaluateStack({ program });

    expect(one.resources.map(({ urn }) => urn)).toEqual(two.resources.map(({ urn }) => urn));
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
  });

  it("takes no stack trace of the promises that the SDK watches, and lets the SDK do so afterwards", async () => {
    // Not in the SDK's types; the SDK calls it in the same way.
    const sdk = createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js");
    const watched = () => {
      const promise = Promise.resolve();
      sdk.debuggablePromise(promise, "of this test");
      return promise as typeof promise & { _debugStackTrace: string };
    };
    let inside: ReturnType<typeof watched> | undefined;
    await evaluateStack({
      program: () => {
        inside = watched();
      },
    });
    expect(inside?._debugStackTrace).not.toContain(" at ");
    expect(watched()._debugStackTrace).toContain(" at ");
  });

  it("waits for its turn", async () => {
    const evaluations = await Promise.all(
      ["one", "two", "three"].map((name) => evaluateStack({ program: () => void configMap(name) })),
    );

    expect(evaluations.map(({ resources }) => resources.at(-1)?.name)).toEqual(["one", "two", "three"]);
  });
});
