import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import k3sOnHetzner from "../../../examples/k3s-on-hetzner";
import patroniOnKubernetes from "../../../examples/patroni-on-kubernetes";
import { evaluateStack } from "../../rigs/evaluate";
import { rawSettings, repository } from "../../rigs/platform/stacks";

const linesOf = (example: string) =>
  readFileSync(join(repository, "examples", example), "utf8").split("\n").length;
const kinds = (resources: readonly { type: string }[]) => resources.map(({ type }) => type.split(":").at(-1));

describe("the example of Patroni on an existing Kubernetes", () => {
  const evaluated = evaluateStack({
    program: patroniOnKubernetes,
    config: {
      "example:postgresImage": "registry.example/postgres",
      "example:jobsImage": "registry.example/jobs",
    },
    secrets: { "example:kubeconfig": "{}" },
  });

  it("declares three members, an etcd of three, and no server, and hands out connections as secrets", async () => {
    const { resources, secretOutputs } = await evaluated;
    const sets = resources.filter(({ type }) => type === "kubernetes:apps/v1:StatefulSet");
    expect(sets.map(({ inputs }) => (inputs.spec as { replicas: number }).replicas)).toEqual([3, 3]);
    expect(kinds(resources)).not.toContain("Server");
    expect(secretOutputs).toEqual(expect.arrayContaining([expect.stringMatching(/^connections/)]));
  });

  it("fits on a page", () => {
    expect(linesOf("patroni-on-kubernetes.ts")).toBeLessThan(40);
  });
});

describe("the example of K3s on Hetzner alone", () => {
  const { sshKeys } = (rawSettings("prod") as { target: { access: { sshKeys: { publicKey: string }[] } } })
    .target.access;
  const evaluated = evaluateStack({
    program: k3sOnHetzner,
    config: {
      "example:domain": "example.com",
      "example:sshKey": sshKeys[0]?.publicKey,
      "example:adminRanges": ["198.51.100.0/24"],
    },
    secrets: { "example:hcloudToken": "a-token" },
  });

  it("declares three servers and nothing in Kubernetes, and keeps the kubeconfig secret", async () => {
    const { resources, secretOutputs } = await evaluated;
    expect(kinds(resources).filter((kind) => kind === "Server")).toHaveLength(3);
    expect(resources.filter(({ type }) => type.startsWith("kubernetes:"))).toEqual([]);
    expect(secretOutputs).toContain("kubeconfig");
  });

  it("gives HAProxy the API alone, and no port of PostgreSQL", async () => {
    const { artefacts } = await evaluated;
    const config = artefacts.find(({ path }) => path.endsWith("haproxy.cfg"))?.content ?? "";
    expect(config).toMatch(/:6443/);
    expect(config).not.toMatch(/:5432|:5433/);
  });

  it("fits on a page", () => {
    expect(linesOf("k3s-on-hetzner.ts")).toBeLessThan(40);
  });
});
