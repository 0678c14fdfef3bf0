import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { filesOf } from "../../../../cli/plan/files";
import { recordArtefact } from "../../../../components/shared/artefacts";
import { evaluateStack } from "../../../rigs/evaluate";

const object = (name: string, apiVersion: string, kind: string, metadata: object, rest: object = {}) =>
  new k8s.apiextensions.CustomResource(name, { apiVersion, kind, metadata, ...rest });

async function filesFor(program: () => unknown): Promise<ReadonlyMap<string, string>> {
  return filesOf(await evaluateStack({ program }));
}

describe("the files of a plan", () => {
  it("place an object in its namespace, and what has none with the cluster", async () => {
    const files = await filesFor(() => {
      object("a", "v1", "ConfigMap", { name: "a", namespace: "web" });
      object("b", "v1", "ConfigMap", { name: "b" });
      object("c", "rbac.authorization.k8s.io/v1", "ClusterRole", { name: "system:c" });
      object("d", "cert-manager.io/v1", "ClusterIssuer", { name: "d" });
    });

    expect([...files.keys()].filter((path) => path.startsWith("kubernetes/")).sort()).toEqual([
      "kubernetes/_cluster/clusterissuer-d.yaml",
      "kubernetes/_cluster/clusterrole-system_c.yaml",
      "kubernetes/default/configmap-b.yaml",
      "kubernetes/web/configmap-a.yaml",
    ]);
  });

  it("keep two objects apart that share kind and name", async () => {
    const files = await filesFor(() => {
      object("a", "networking.k8s.io/v1", "Ingress", { name: "web", namespace: "n" });
      object("b", "other.example/v1", "Ingress", { name: "web", namespace: "n" });
    });

    expect(files.get("kubernetes/n/ingress-web.yaml")).toContain("networking.k8s.io/v1");
    expect(files.get("kubernetes/n/ingress-web-2.yaml")).toContain("other.example/v1");
  });

  it("write objects so that they read back as they were, long texts as blocks", async () => {
    const data = {
      script: "#!/bin/sh\nset -eu\necho 'a: b' # c\n",
      odd: "yes",
      number: "0123",
      empty: "",
      tail: "a\n\n",
    };
    const files = await filesFor(() =>
      object("a", "v1", "ConfigMap", { name: "a", namespace: "n" }, { data }),
    );

    const text = files.get("kubernetes/n/configmap-a.yaml") ?? "";
    expect(text).toContain("script: |\n    #!/bin/sh\n    set -eu\n");
    for (const version of ["1.1", "1.2"] as const) {
      expect(parse(text, { version })).toEqual({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", namespace: "n" },
        data,
      });
    }
  });

  it("show a server's user data as it is, beside what else was rendered for it", async () => {
    const files = await filesFor(() => {
      new hcloud.Server("s", {
        name: "node-1",
        serverType: "cx23",
        image: "debian-13",
        userData: "#cloud-config\n",
      });
      recordArtefact(undefined, "servers/node-1/etc/haproxy/haproxy.cfg", "global\n");
    });

    expect(files.get("servers/node-1/user-data")).toBe("#cloud-config\n");
    expect(files.get("servers/node-1/etc/haproxy/haproxy.cfg")).toBe("global\n");
    expect(files.get("resources.json")).toContain('"userData": "see servers/node-1/user-data"');
  });

  it("never hold two texts for one path, nor any outside of the plan", async () => {
    const twice = filesFor(() => {
      recordArtefact(undefined, "notes", "a");
      recordArtefact(undefined, "notes", "b");
    });

    await expect(twice).rejects.toThrow("the artefact notes is recorded twice");
    for (const path of ["../notes", "/etc/notes", "a//b", "a/./b", ""]) {
      await expect(filesFor(() => recordArtefact(undefined, path, "a"))).rejects.toThrow(/must be relative/);
    }
  });

  it("fail with the error of a text that cannot be rendered", async () => {
    const failing = filesFor(() => {
      const broken = pulumi.output(1).apply((): string => {
        throw new Error("no such port");
      });
      recordArtefact(undefined, "notes", broken);
    });

    await expect(failing).rejects.toThrow("no such port");
  });
});
